"""Pictures made by strangers."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from ttv_animatic.stills import StillError, cover, load_still


def encoded(picture, kind, **options):
    stream = io.BytesIO()
    picture.save(stream, kind, **options)
    return stream.getvalue()


def bomb(width, height):
    def chunk(name, body):
        return (
            struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b""))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_the_three_formats_are_read(kind, tmp_path):
    path = tmp_path / "misnamed.bin"
    path.write_bytes(encoded(Image.new("RGB", (20, 10), (200, 30, 30)), kind))
    picture = load_still(path)
    assert (picture.mode, picture.size) == ("RGB", (20, 10))
    assert abs(picture.getpixel((5, 5))[0] - 200) < 6


def test_a_bomb_is_refused_by_its_header():
    with pytest.raises(StillError, match="12000 x 12000") as error:
        load_still(bomb(12_000, 12_000))
    assert "50,000,000" in str(error.value)


def test_pillows_own_alarm_is_one_of_ours():
    with pytest.raises(StillError, match="limit"):
        load_still(bomb(60_000, 60_000))


def test_the_limit_is_the_callers():
    content = encoded(Image.new("RGB", (20, 10)), "PNG")
    assert load_still(content, max_pixels=200).size == (20, 10)
    with pytest.raises(StillError, match="199"):
        load_still(content, max_pixels=199)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_a_truncated_file_is_refused(kind):
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    content = encoded(Image.fromarray(noise), kind)
    with pytest.raises(StillError, match=r"damaged|not a PNG"):
        load_still(content[: len(content) // 2])


@pytest.mark.parametrize(
    "content",
    [
        b"just a text file",
        b"",
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n",
        encoded(Image.new("RGB", (8, 8)), "GIF"),
        encoded(Image.new("RGB", (8, 8)), "TIFF"),
    ],
)
def test_other_formats_are_refused_whatever_their_name(content, tmp_path):
    path = tmp_path / "picture.png"
    path.write_bytes(content)
    with pytest.raises(StillError, match=r"picture\.png.*not a PNG, JPEG or WebP"):
        load_still(path)


def test_a_missing_file_stays_an_os_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        load_still(tmp_path / "nothing.png")


def test_exif_orientation_is_applied():
    picture = Image.new("RGB", (40, 20), (0, 0, 0))
    picture.paste((255, 255, 255), (0, 0, 10, 20))
    exif = Image.Exif()
    exif[0x0112] = 6  # turn clockwise to see it upright
    upright = load_still(encoded(picture, "JPEG", exif=exif, quality=95))
    assert upright.size == (20, 40)
    assert upright.getpixel((10, 3))[0] > 200
    assert upright.getpixel((10, 35))[0] < 60


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P", "L", "I;16", "1"])
def test_every_mode_becomes_rgb(mode):
    picture = load_still(encoded(Image.new(mode, (6, 4)), "PNG"))
    assert (picture.mode, picture.size) == ("RGB", (6, 4))


def test_transparency_is_laid_on_paper():
    picture = load_still(encoded(Image.new("RGBA", (6, 4), (255, 0, 0, 0)), "PNG"))
    assert min(picture.getpixel((2, 2))) > 230


def test_cover_fills_and_keeps_the_middle():
    wide = Image.new("RGB", (300, 100), (255, 0, 0))
    wide.paste((0, 0, 255), (100, 0, 200, 100))
    square = cover(wide, (64, 64))
    assert square.size == (64, 64)
    assert np.asarray(square)[:, :, 2].min() > 200

"""Loading pictures that strangers made, and fitting them to a frame."""

import io
import warnings
from pathlib import Path
from typing import Final

from PIL import Image, ImageOps, UnidentifiedImageError

MAX_PIXELS: Final = 50_000_000
_FORMATS: Final = ("PNG", "JPEG", "WEBP")
_PAPER: Final = (244, 242, 238)


class StillError(ValueError):
    """A picture cannot be used; the message says why and what can."""


def load_still(source: Path | bytes, max_pixels: int = MAX_PIXELS) -> Image.Image:
    """Load a picture as upright RGB.

    Args:
        source: A file, or its content.
        max_pixels: Largest width times height; checked in the file's header,
            before a pixel is decoded.

    Returns:
        The picture, turned as its EXIF data says, transparency laid on off-white.

    Raises:
        StillError: It is no PNG, JPEG or WebP, is broken, or is too large.
        OSError: The file cannot be read.
    """
    name = "the picture" if isinstance(source, bytes) else f"{source}"
    content = source if isinstance(source, bytes) else source.read_bytes()
    try:
        with warnings.catch_warnings():
            # Pillow warns at its own limit; ours is checked just below.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            picture = Image.open(io.BytesIO(content), formats=_FORMATS)
            _check_size(picture, name, max_pixels)
            picture.load()
    except UnidentifiedImageError as error:
        message = f"{name} is not a PNG, JPEG or WebP picture, whatever it is called"
        raise StillError(message) from error
    except Image.DecompressionBombError as error:
        message = f"{name} has far more pixels than the limit of {max_pixels:,}"
        raise StillError(message) from error
    except StillError:
        raise
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        message = f"{name} is damaged or cut short ({error})"
        raise StillError(message) from error
    return _flat(ImageOps.exif_transpose(picture))


def cover(picture: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Scale and crop a picture so that it fills a frame.

    Args:
        picture: RGB.
        size: Width and height of the frame.

    Returns:
        The middle of the picture, exactly `size`.
    """
    if picture.size == size:
        return picture.copy()
    return ImageOps.fit(picture, size, Image.Resampling.LANCZOS)


def _check_size(picture: Image.Image, name: str, max_pixels: int) -> None:
    width, height = picture.size
    if width * height > max_pixels:
        message = (
            f"{name} is {width} x {height}, {width * height:,} pixels; "
            f"the limit is {max_pixels:,}; scale it down first"
        )
        raise StillError(message)


def _flat(picture: Image.Image) -> Image.Image:
    if not picture.has_transparency_data:
        return picture.convert("RGB")
    paper = Image.new("RGBA", picture.size, (*_PAPER, 255))
    return Image.alpha_composite(paper, picture.convert("RGBA")).convert("RGB")

import numpy as np

from ttv_core.media import VideoWriter, measure


def film(shell, name, width=64):
    with VideoWriter(shell.cwd / name, width=width, height=48, fps=12) as video:
        for level in range(12):
            video.write(np.full((48, width, 3), level * 10, np.uint8))
    return name


def test_equal_videos_are_copied(shell):
    done = shell.run("join", film(shell, "a.mp4"), film(shell, "b.mp4"), "-o", "c.mp4")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "c.mp4 · 64x48 · 2.0 s · 12 fps · copied\n"
    assert measure(shell.cwd / "c.mp4").num_frames == 24


def test_others_are_encoded_anew_and_why_is_told(shell):
    parts = film(shell, "a.mp4"), film(shell, "b.mp4", width=96)
    told = shell.json("join", *parts, "-o", "c.mp4", "--drop-boundary")
    assert (told["path"], told["reencoded"], told["info"]["num_frames"]) == ("c.mp4", True, 23)
    assert "left out" in told["reason"]
    done = shell.run("join", *parts, "-o", "c.mp4", "--overwrite")
    assert "encoded anew: size of a.mp4 and b.mp4 differ: 64x48 and 96x48" in done.stdout


def test_what_cannot_be_joined_is_told(shell):
    (shell.cwd / "no.mp4").write_text("no video")
    done = shell.run("join", film(shell, "a.mp4"), "no.mp4", "-o", "c.mp4")
    assert done.returncode == 5
    assert "no.mp4 is not a whole video" in done.stderr
    assert shell.run("join", "a.mp4", "-o", "a.mp4").returncode == 2
    assert shell.run("join", "-o", "c.mp4").returncode == 2

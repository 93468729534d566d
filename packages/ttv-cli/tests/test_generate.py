import json

import pytest

FOX = ("generate", "a fox", "-b", "snail", "-d", "1", "-o", "fox.mp4")


def test_a_prompt_becomes_a_video_a_poster_and_one_line(shell):
    done = shell.run(*FOX)
    assert done.returncode == 0, done.stderr
    assert done.stdout == ("fox.mp4 · 128x72 · 1.0 s · 12 fps · $0.10 · poster fox.poster.jpg\n")
    assert shell.left_behind() == ["fox.mp4", "fox.mp4.json", "fox.poster.jpg"]


def test_without_a_terminal_progress_is_a_few_plain_lines_on_stderr(shell):
    lines = shell.run(*FOX).stderr.splitlines()
    assert lines[0] == "snail snail-1 · text_to_video · about $0.10"
    assert [line.split(" ")[0] for line in lines[1:]].count("running") == 4
    assert len(lines) < 12
    assert "\x1b" not in "".join(lines)


def test_quiet_says_nothing_but_the_result(shell):
    done = shell.run(*FOX, "-q")
    assert done.stderr == ""
    assert done.stdout.startswith("fox.mp4 · ")


def test_json_is_one_document_and_the_rest_is_on_stderr(shell):
    said = shell.json(*FOX)
    assert said["path"] == "fox.mp4"
    assert said["info"]["num_frames"] == 12
    assert said["poster"] == "fox.poster.jpg"


def test_the_fields_of_a_request_reach_the_engine(shell):
    words = ["generate", "a fox", "-b", "snail", "--size", "72x128", "-d", "1", "--fps", "24"]
    words += ["--seed", "0", "-O", "shade=true", "-O", "snail.wait=0", "--tag", "film=x"]
    said = shell.json(*words, "--dry-run")
    native = said["native"]
    assert (native["width"], native["height"], native["fps"], native["seed"]) == (72, 128, 24, 0)
    assert native["shade"] == 1
    assert shell.left_behind() == []


def test_a_dry_run_that_is_refused_ends_as_the_real_one(shell):
    words = ("generate", "a fox", "-b", "snail", "-d", "3")
    assert shell.json(*words, "--dry-run", code=2)["violations"][0]["field"] == "duration"
    done = shell.run(*words, "--dry-run")
    assert done.returncode == 2
    assert "duration 3" in done.stdout
    assert "allowed: 1, 2, 4" in done.stderr
    assert shell.run(*words).returncode == 2


def test_what_is_adjusted_is_said(shell):
    done = shell.run(*FOX, "-d", "3", "--on-unsupported", "adjust")
    assert "changed: duration 3 → 4 s (allowed: 1, 2, 4)" in done.stderr
    assert "4.0 s" in done.stdout


@pytest.mark.parametrize(
    ("prompt", "stdin"), [("-", "a föx\n"), ("@prompt.txt", ""), ("@@fox", "")]
)
def test_the_prompt_may_come_from_elsewhere(shell, prompt, stdin):
    (shell.cwd / "prompt.txt").write_text("a föx\n", encoding="utf-8")
    words = ("generate", prompt, "-b", "snail", "--dry-run")
    expected = "@fox" if prompt == "@@fox" else "a föx"
    assert shell.json(*words, input=stdin)["native"]["prompt"] == expected


def test_an_image_needs_no_words(shell):
    assert shell.run("generate", "-b", "snail", "--dry-run").returncode == 2
    said = shell.json("generate", "--image", "gone.png", "-b", "snail", "--dry-run", code=2)
    assert said["mode"] == "image_to_video"
    assert "unreadable" in {violation["code"] for violation in said["violations"]}


def test_what_a_vendor_could_not_make_says_whether_it_was_charged(bare, vendor):
    vendor.end("failed")
    failed = bare.run("generate", "a fox", "-b", "acme", "-d", "2")
    assert failed.returncode == 5
    assert "error: acme could not\n  it was not charged\n" in failed.stderr


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["--max-cost", "0.01"], 4, "--max-cost"),
        (["-O", "fail=rejected"], 4, "no foxes"),
        (["-O", "fail=failed"], 5, r"the engine \x1b[31msaid no"),
        (["-O", "fail=bug"], 5, "ZeroDivisionError"),
        (["-O", "fail=uncertain"], 6, "no answer came"),
        (["-O", "fail=quota"], 3, "too many"),
        (["--model", "snail-9"], 2, "snail-9"),
        (["-d", "nan"], 2, "duration"),
        (["-d", "soon"], 2, "duration"),
        (["--size", "0x0"], 2, "size"),
        (["-o", "gone/fox.mp4"], 2, "mkdir -p gone"),
        (["-o", "fox.avi"], 2, "fox.mp4"),
        (["-O", "shade"], 2, "key=value"),
        (["-O", "nobody.shade=1"], 2, "nobody"),
        (["-b", "snial"], 3, "snail"),
        (["--config", "gone.yaml"], 2, "gone.yaml"),
    ],
)
def test_each_way_to_fail_has_its_exit_code(shell, words, code, told):
    done = shell.run(*FOX, *words)
    assert done.returncode == code, done.stderr
    assert "error:" in done.stderr
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert shell.left_behind() == []
    said = shell.json(*FOX, *words, code=code)
    assert said["error"]["exit_code"] == code


def test_nothing_that_exists_is_replaced_unless_it_is_asked_for(shell):
    (shell.cwd / "fox.poster.jpg").write_text("mine")
    done = shell.run(*FOX)
    assert done.returncode == 0
    assert "fox.poster.jpg exists" in done.stderr
    assert "poster" not in done.stdout
    assert (shell.cwd / "fox.poster.jpg").read_text() == "mine"
    assert shell.run(*FOX).returncode == 2
    assert shell.run(*FOX, "--overwrite").returncode == 0
    assert (shell.cwd / "fox.poster.jpg").read_bytes()[:2] == b"\xff\xd8"


def test_sidecar_and_poster_can_be_left_out(shell):
    shell.run(*FOX, "--no-sidecar", "--no-poster")
    assert shell.left_behind() == ["fox.mp4"]


def test_a_class_with_five_methods_is_a_backend(shell):
    done = shell.run("generate", "a fox", "-b", "five", "-o", "fox.mp4")
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("fox.mp4 · 64x36 · 1.0 s · 12 fps · free")


def test_a_fallback_is_used_and_said(shell):
    shell.env["KEYED_API_KEY"] = ""
    done = shell.run(
        "generate", "a fox", "-b", "snail", "-O", "fail=quota", "--fallback", "five", "-o", "a.mp4"
    )
    assert done.returncode == 0, done.stderr
    assert "snail failed: too many" in done.stderr
    assert "64x36" in done.stdout


def test_nobody_can(shell):
    shell.env["TTV_DISABLE_PLUGINS"] = "*"
    done = shell.run("generate", "a fox")
    assert done.returncode == 3
    assert "to mend it: " in done.stderr


@pytest.mark.parametrize("seconds", ["nan", "inf", "0", "-1", "soon"])
def test_a_wait_that_has_no_end_or_no_length_is_refused_before_there_is_a_job(shell, seconds):
    for words in ((*FOX, "-o", "fox.mp4"), ("resume",), ("jobs", "wait", "X")):
        done = shell.run(*words, f"--timeout={seconds}")
        assert done.returncode == 2
        assert "--timeout" in done.stderr
    assert not (shell.cwd / "fox.mp4").exists()


def test_a_job_that_takes_too_long_is_stopped_and_leaves_nothing(shell):
    done = shell.run(*FOX, "-O", "wait=1", "--timeout", "0.5")
    assert done.returncode == 6
    assert "--timeout" in done.stderr
    assert shell.left_behind() == []


def test_the_backend_may_come_from_the_configuration(shell):
    (shell.cwd / "ttv.yaml").write_text("default_backend: snail\noutput_dir: videos\n")
    said = shell.json("generate", "a fox", "-d", "1", "-O", "shade=3")
    assert said["path"].startswith("videos/")
    record = json.loads((shell.cwd / said["sidecar"]).read_text())
    assert record["plan"]["native"]["shade"] == 3


def test_a_traceback_is_shown_only_when_asked_for(shell):
    words = (*FOX, "-O", "fail=bug")
    assert "Traceback" in shell.run(*words, env={"TTV_DEBUG": "1"}).stderr
    assert "Traceback" in shell.run("--traceback", *words).stderr

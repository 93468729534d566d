"""Cross-cutting plugins: they rank, review and listen, and their trouble stays their own."""

from __future__ import annotations

import logging
import sys
import threading

import pytest

from ttv_core.errors import InvalidInputError, PluginError
from ttv_core.events import JobEvent
from ttv_core.planning import Plan
from ttv_core.request import VideoRequest
from ttv_core.results import CostEstimate, ExpectedVideo

EVENT = JobEvent("01JD", "acme", "running")


@pytest.fixture
def plan():
    return Plan(
        backend="acme",
        model="acme-1",
        mode="text_to_video",
        native={},
        adjustments=(),
        violations=(),
        warnings=("it was there before",),
        cost=CostEstimate(None),
        expected=ExpectedVideo(),
        request=VideoRequest(prompt="a fox"),
    )


def hook(signature, *lines, **options):
    """Return the text of a plugin with one hook."""
    given = ", ".join(f"{name}={value!r}" for name, value in options.items())
    return "\n".join(
        [
            "from ttv_core import Violation",
            "from ttv_core.hookspecs import hookimpl",
            "heard = []",
            f"@hookimpl({given})",
            f"def {signature}:",
            *(f"    {line}" for line in lines),
        ]
    )


def review(*lines, **options):
    return hook("ttv_review(plan)", *lines, **options)


def rank(*lines, **options):
    return hook("ttv_rank(request, candidates)", *lines, **options)


def listener(*lines, **options):
    return hook("ttv_job_event(event)", *lines, **options)


def record_of(manager, name):
    return next(record for record in manager.records if record.name == name)


def heard(name):
    return sys.modules[f"{name}_plugin"].heard


# --- review ---------------------------------------------------------------------------------------


def test_without_plugins_a_plan_stays_what_it_is(site, plan):
    manager = site.manager()
    assert manager.review(plan) is plan
    assert manager.rank(plan.request, [plan]) is None
    manager.tell(EVENT)


def test_a_policy_may_refuse_a_plan(site, plan):
    site.cross_cutting("logos", review("return [Violation('prompt', 'policy', 'no logos')]"))
    site.cross_cutting("faces", review("yield Violation('prompt', 'policy', 'no faces')"))
    site.cross_cutting("fine", review("return None"))
    site.cross_cutting("empty", review("return []"))
    reviewed = site.manager().review(plan)
    assert [v.message for v in reviewed.violations] == ["no faces", "no logos"]
    assert not reviewed.ok
    with pytest.raises(InvalidInputError, match="no faces; no logos"):
        reviewed.check()
    assert plan.ok


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["raise ValueError('no network')"], "ValueError: no network"),
        (["raise SystemExit"], "SystemExit: no message"),
        (["yield 1 / 0"], "ZeroDivisionError: division by zero"),
        (["return True"], "TypeError: 'bool' object is not iterable"),
        (["return 'no'"], "TypeError: it returned str, not Violation"),
        (["return Violation('prompt', 'policy', 'alone')"], "TypeError: 'Violation' object is not"),
    ],
)
def test_a_policy_that_fails_refuses_the_plan_every_time(site, plan, caplog, lines, reason):
    site.cross_cutting("policy", review(*lines))
    site.cross_cutting("strict", review("return [Violation('prompt', 'policy', 'no logos')]"))
    manager = site.manager()
    for _ in range(3):
        failed, found = manager.review(plan).violations
        assert (failed.field, failed.code) == ("plan", "policy_failed")
        assert failed.message.startswith("the policy plugin policy@ttv-policy failed: ttv_review")
        assert reason in failed.message
        assert found.message == "no logos"
    assert record_of(manager, "policy").status == "failed"
    assert reason in record_of(manager, "policy").reason
    assert record_of(manager, "strict").status == "loaded"
    # It is told once, not each time.
    [told] = caplog.records
    assert told.levelno == logging.WARNING
    assert told.getMessage().startswith("plugin policy@ttv-policy 1.0: ttv_review raised ")


def test_a_plugin_that_failed_elsewhere_still_reviews(site, plan):
    source = review("return [Violation('prompt', 'policy', 'no')]")
    site.cross_cutting("policy", source + "\n@hookimpl\ndef ttv_job_event(event):\n    1 / 0\n")
    manager = site.manager()
    manager.tell(EVENT)
    assert record_of(manager, "policy").status == "failed"
    assert [v.message for v in manager.review(plan).violations] == ["no"]


@pytest.mark.parametrize(
    ("source", "more", "reason"),
    [
        ("1 / 0", {}, "ZeroDivisionError: division by zero"),
        (review("pass"), {"requires": ["ttv-core>=9"]}, "it needs ttv-core>=9; ttv-core 0.1.0"),
    ],
)
def test_a_plugin_that_cannot_be_asked_is_a_warning_in_every_plan(site, plan, source, more, reason):
    site.cross_cutting("broken", source, **more)
    manager = site.manager()
    for _ in range(2):
        reviewed = manager.review(plan)
        assert reviewed.ok
        before, warning = reviewed.warnings
        assert before == "it was there before"
        assert warning.startswith("the plugin broken@ttv-broken was not asked: ")
        assert reason in warning


def test_several_that_cannot_be_asked_are_all_told(site, plan):
    for name in ("one", "two"):
        site.cross_cutting(name, "1 / 0")
    assert len(site.manager().review(plan).warnings) == 3


def test_a_disabled_policy_is_neither_asked_nor_told_of(site, plan):
    site.cross_cutting("policy", "raise RuntimeError")
    assert site.manager(TTV_DISABLE_PLUGINS="policy").review(plan) is plan


@pytest.mark.parametrize("source", ["1 / 0", review("1 / 0")])
def test_strict_a_policy_that_fails_or_cannot_be_asked_is_an_error(site, plan, source):
    site.cross_cutting("policy", source)
    manager = site.manager(TTV_STRICT_PLUGINS="1")
    for _ in range(2):
        with pytest.raises(PluginError) as caught:
            manager.review(plan)
        assert caught.value.message.startswith("plugin 'policy' from ttv-policy 1.0: ")
        assert caught.value.backend is None
        assert isinstance(caught.value.__cause__, ZeroDivisionError)


# --- rank -----------------------------------------------------------------------------------------


def test_the_first_answer_ranks(site, plan):
    site.cross_cutting("alpha", rank("return None"))
    site.cross_cutting("beta", rank("return (plan.backend for plan in candidates)"))
    site.cross_cutting("gamma", rank("heard.append(1)", "return ['other']"))
    manager = site.manager()
    assert manager.rank(plan.request, [plan]) == ["acme"]
    assert heard("gamma") == []


@pytest.mark.parametrize(
    ("options", "order"),
    [
        ([{}, {}, {}], ["a", "b", "c"]),
        ([{}, {}, {"tryfirst": True}], ["c", "a", "b"]),
        ([{"trylast": True}, {}, {}], ["b", "c", "a"]),
        ([{"trylast": True}, {"tryfirst": True}, {"tryfirst": True}], ["b", "c", "a"]),
    ],
)
def test_the_order_is_by_name_and_as_the_markers_say(site, plan, options, order):
    for name, given in zip("abc", options, strict=True):
        violation = f"return [Violation('prompt', 'policy', {name!r})]"
        site.cross_cutting(name, review(violation, **given))
    manager = site.manager()
    manager.load_within(manager.records[::-1], 5)
    assert [v.message for v in manager.review(plan).violations] == order


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1 / 0", "ttv_rank raised ZeroDivisionError: division by zero"),
        ("return 'acme'", "TypeError: it returned 'acme', not a list of names"),
        ("return 7", "TypeError: 'int' object is not iterable"),
        ("return (1 / 0 for _ in candidates)", "ZeroDivisionError"),
    ],
)
def test_a_ranking_that_fails_is_ignored_and_reported(site, plan, caplog, line, reason):
    site.cross_cutting("alpha", rank(line))
    site.cross_cutting("beta", rank("return ['acme']"))
    manager = site.manager()
    assert manager.rank(plan.request, [plan]) == ["acme"]
    alpha = record_of(manager, "alpha")
    assert alpha.status == "failed"
    assert reason in alpha.reason
    assert reason in caplog.text
    assert manager.review(plan) is plan


def test_strict_a_ranking_that_fails_is_an_error(site, plan):
    site.cross_cutting("alpha", rank("1 / 0"))
    with pytest.raises(PluginError, match="ttv_rank raised ZeroDivisionError"):
        site.manager(TTV_STRICT_PLUGINS="1").rank(plan.request, [plan])


# --- events ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("strict", ["0", "1"])
def test_a_listener_that_fails_harms_nothing_and_still_hears(site, caplog, strict):
    site.cross_cutting("alpha", listener("heard.append(event)", "raise BaseException('deaf')"))
    site.cross_cutting("beta", listener("heard.append(event)"))
    site.cross_cutting("gone", "1 / 0")
    manager = site.manager(TTV_STRICT_PLUGINS=strict)
    for _ in range(3):
        manager.tell(EVENT)
    assert heard("alpha") == heard("beta") == [EVENT] * 3
    assert record_of(manager, "alpha").reason == "ttv_job_event raised BaseException: deaf"
    assert caplog.text.count("deaf") == 1


def test_what_a_listener_returns_does_not_matter(site):
    odd = "class Odd:\n    def __bool__(self): raise RuntimeError\n"
    site.cross_cutting("alpha", odd + listener("return Odd()"))
    manager = site.manager()
    manager.tell(EVENT)
    assert record_of(manager, "alpha").status == "loaded"


def test_ctrl_c_inside_a_hook_is_the_users_and_not_the_plugins(site, plan):
    site.cross_cutting("alpha", review("raise KeyboardInterrupt"))
    manager = site.manager()
    with pytest.raises(KeyboardInterrupt):
        manager.review(plan)
    assert record_of(manager, "alpha").status == "loaded"


# --- what a plugin may look like ------------------------------------------------------------------


def test_a_hook_is_given_what_it_is_about(site, plan):
    site.cross_cutting("policy", review("heard.append(plan)"))
    site.cross_cutting("order", rank("heard.append((request, candidates))"))
    manager = site.manager()
    candidates = [plan]
    manager.review(plan)
    manager.rank(plan.request, candidates)
    assert heard("policy") == [plan]
    assert heard("order") == [(plan.request, candidates)]


def test_a_hook_takes_the_arguments_that_it_wants(site, plan):
    site.cross_cutting("alpha", hook("ttv_rank(candidates)", "return [candidates[0].backend]"))
    site.cross_cutting("beta", hook("ttv_review()", "return []"))
    manager = site.manager()
    assert manager.rank(plan.request, [plan]) == ["acme"]
    assert manager.review(plan) is plan


def test_a_hook_may_be_called_otherwise_and_be_there_twice(site, plan):
    one = review("return [Violation('prompt', 'policy', 'one')]")
    two = "@hookimpl(specname='ttv_review')\ndef another(plan):\n    return [two]\n"
    extra = "two = Violation('prompt', 'policy', 'two')\n"
    site.cross_cutting("alpha", f"{one}\n{extra}{two}")
    found = site.manager().review(plan).violations
    assert {v.message for v in found} == {"one", "two"}


def test_a_hook_of_a_later_contract_may_be_optional(site, plan):
    source = review("return []") + "\n@hookimpl(optionalhook=True)\ndef ttv_later(x): ...\n"
    site.cross_cutting("alpha", source)
    manager = site.manager()
    manager.review(plan)
    assert record_of(manager, "alpha").status == "loaded"


def test_one_module_may_be_a_backend_and_cross_cutting_if_it_says_so_twice(site, plan):
    source = (
        "from ttv_core.hookspecs import BackendSpec\n"
        + review("return [Violation('prompt', 'policy', 'no')]")
        + "\n@hookimpl\n"
        "def ttv_backends():\n"
        "    generator = 'ttv_acme.generator:Generator'\n"
        "    return [BackendSpec(name='acme', summary='', generator=generator, kind='local')]\n"
    )
    points = {"acme": "ttv_acme.plugin"}
    site.backend("acme", plugin=source, backends=points, plugins=points)
    manager = site.manager()
    assert [v.message for v in manager.review(plan).violations] == ["no"]
    assert manager.load(manager.find("acme")).spec.name == "acme"
    assert {record.status for record in manager.records} == {"loaded"}


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("", "it implements no hook marked @hookimpl; known: ttv_job_event, ttv_rank, ttv_review"),
        ("def ttv_review(plan): ...", "its ttv_review is not marked @hookimpl"),
        (
            review("pass") + "\ndef ttv_rank(request, candidates): ...",
            "its ttv_rank is not marked @hookimpl",
        ),
        (hook("ttv_reviews(plan)", "pass"), "'ttv_reviews'; did you mean 'ttv_review'?"),
        (hook("ttv_review(plans)", "pass"), "Argument(s) {'plans'} are declared in the hookimpl"),
        (hook("ttv_backends()", "pass"), "it implements no hook"),
        (
            review("pass") + "\n@hookimpl\ndef ttv_backends(): ...",
            "ttv_backends, which is asked only in the entry-point group ttv.backends",
        ),
        (review("yield", wrapper=True), "its ttv_review is a hook wrapper"),
        (review("yield", hookwrapper=True), "its ttv_review is a hook wrapper"),
        (review("pass").replace("def ", "async def "), "its ttv_review is asynchronous"),
    ],
)
def test_a_plugin_that_would_never_be_asked_says_so(site, plan, source, reason):
    site.cross_cutting("alpha", source)
    manager = site.manager()
    assert manager.review(plan).ok
    assert record_of(manager, "alpha").status == "failed"
    assert reason in record_of(manager, "alpha").reason


def test_a_class_is_no_plugin_but_its_instance_is(site, plan):
    source = """
        from ttv_core import Violation
        from ttv_core.hookspecs import hookimpl

        class Policy:
            @hookimpl
            def ttv_review(self, plan):
                return [Violation("prompt", "policy", "no")]

        policy = Policy()
        """
    site.cross_cutting("alpha", source, plugins={"alpha": "alpha_plugin:Policy"})
    site.cross_cutting("beta", source, plugins={"beta": "beta_plugin:policy"})
    manager = site.manager()
    assert [v.message for v in manager.review(plan).violations] == ["no"]
    reason = record_of(manager, "alpha").reason
    assert reason == "TypeError: alpha_plugin:Policy is a class; name a module or an instance"


def test_two_distributions_may_call_their_plugins_alike(site, plan):
    for name in ("one", "two"):
        source = review(f"return [Violation('prompt', 'policy', {name!r})]")
        site.cross_cutting(name, source, plugins={"policy": f"{name}_plugin"})
    assert [v.message for v in site.manager().review(plan).violations] == ["one", "two"]


def test_events_told_from_many_threads_import_a_listener_once(site):
    site.cross_cutting("alpha", "import builtins\n" + listener("heard.append(event)"))
    manager = site.manager()
    threads = [threading.Thread(target=manager.tell, args=(EVENT,)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert heard("alpha") == [EVENT] * 16

"""The promises of planning, over the whole space of requests and of model tables."""

from __future__ import annotations

import json
import math
import pickle
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from ttv_core import Capabilities, ModelCapabilities, VideoRequest
from ttv_core.labels import parse_ratio, same_value, tier_pixels
from ttv_core.planning import make_plan
from ttv_core.sizes import label_size

# A slow shared machine is no bug in planning.
PROMISE = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (640).to_bytes(4) + (360).to_bytes(4) + bytes(9)
RATIOS = ("16:9", "9:16", "1:1", "4:3", "21:9", "2.39:1")
TIERS = ("480p", "720p", "768P", "1080p", "2k", "4k")
LENGTHS = ("duration", "num_frames")
PICTURE = ("size", "aspect_ratio", "resolution")

# Tables as backends have them.
LABELS = {
    "id": "labels",
    "modes": ["text_to_video", "image_to_video"],
    "durations": {"choices": [4, 6, 8], "default": 8},
    "fps": 24,
    "canvas": {
        "aspect_ratios": ["16:9", "9:16"],
        "resolutions": ["720p", "1080p"],
        "default_aspect_ratio": "16:9",
        "default_resolution": "1080p",
    },
    "rules": [
        {"when": {"resolution": ["1080p"]}, "then": {"duration": [8]}, "why": "1080p is 8 s"},
        {"when": {"mode": ["image_to_video"]}, "then": {"aspect_ratio": ["16:9"]}},
    ],
    "inputs": {"first_frame": {}},
    "negative_prompt": True,
    "seed": {"minimum": 0, "maximum": 4294967295},
    "audio": "optional",
    "n": {"minimum": 1, "maximum": 4, "default": 1},
    "prices": [
        {"basis": "second", "amount": "0.40", "when": {"audio": [True, None]}},
        {"basis": "second", "amount": "0.20"},
    ],
}
FRAMES = {
    "id": "frames",
    "fps": 16,
    "frames": {"minimum": 5, "maximum": 121, "step": 4, "offset": 1, "default": 81},
    "canvas": {
        "sizes": [
            {"width": 832, "height": 480, "aspect_ratio": "16:9"},
            {"width": 480, "height": 832, "aspect_ratio": "9:16"},
            "1280*720",
            "720*1280",
        ],
        "default": "1280x720",
    },
    "seed": {"maximum": 2**63 - 1},
    "negative_prompt": True,
    "prices": [{"basis": "free"}],
}
FREE = {
    "id": "free",
    "fps": {"minimum": 1, "maximum": 120, "default": 24},
    "durations": {"minimum": 0.1, "maximum": 60, "default": 5},
    "canvas": {
        "range": {"min_edge": 64, "max_edge": 2048, "multiple_of": 16, "max_pixels": 921_600},
        "default": "1280x720",
    },
    "seed": {},
}
PICTURES_ONLY = {
    "id": "i2v",
    "modes": ["image_to_video", "first_last_frame"],
    "inputs": {"first_frame": {}, "last_frame": {"min_edge": 512}},
    "durations": [5],
    "canvas": {"resolutions": ["768P", "1080P"]},
    "prompt": {"required": False, "maximum": 20},
    "requires": {"last_frame": ["first_frame"]},
    "prices": [{"basis": "video", "amount": "0.28", "when": {"resolution": ["768p"]}}],
}
UNKNOWN = {"id": "unknown", "seed_unknown": True, "audio": "unknown", "negative_prompt": "unknown"}
REAL = [ModelCapabilities.model_validate(t) for t in (LABELS, FRAMES, FREE, PICTURES_ONLY, UNKNOWN)]


def canonical(request, model):
    return request.canonical()


def plan_of(request, model, native=canonical, **rest):
    return make_plan(request, model, native, backend="acme", **rest)


# --- tables -------------------------------------------------------------------------------------


@st.composite
def numbers(draw, low, high, *, whole=False):
    kind = draw(st.sampled_from(["choices", "range", "steps"]))
    value = st.integers(low, high)
    if not whole:
        value |= st.floats(low, high).map(lambda x: round(x, 2))
    if kind == "choices":
        table = {"choices": draw(st.lists(value, min_size=1, max_size=4, unique=True))}
        legal = table["choices"]
    else:
        first, last = sorted((draw(value), draw(value)))
        table, legal = {"minimum": first, "maximum": last}, [first, last]
        if kind == "steps":
            step = draw(st.integers(1, 8) if whole else st.sampled_from([0.1, 0.25, 0.5, 1, 2]))
            table |= {"step": step}
            legal = [first]
            if draw(st.booleans()):
                table |= {
                    "offset": first,
                    "minimum": max(0, first - step / 2) if not whole else low,
                }
    if draw(st.booleans()):
        table["default"] = draw(st.sampled_from(legal))
    return table, legal


@st.composite
def canvases(draw):
    """Return a table, and some of its legal sizes, ratios and tiers."""
    kind = draw(st.sampled_from(["unknown", "sizes", "range", "labels"]))
    if kind == "unknown":
        return {}, {}
    if kind == "labels":
        ratios = draw(st.lists(st.sampled_from(RATIOS), max_size=3, unique=True))
        tiers = draw(st.lists(st.sampled_from(TIERS), max_size=3, unique=True))
        table = {"aspect_ratios": ratios, "resolutions": tiers}
        if ratios and draw(st.booleans()):
            table["default_aspect_ratio"] = ratios[-1]
        if tiers and draw(st.booleans()):
            table["default_resolution"] = tiers[-1]
        return table, {"aspect_ratio": ratios, "resolution": tiers}
    if kind == "sizes":
        edge = st.integers(8, 120).map(lambda x: x * 16)
        names = st.sampled_from([None, "16:9", "9:16"])
        size = st.fixed_dictionaries({"width": edge, "height": edge, "aspect_ratio": names})
        sizes = draw(st.lists(size, min_size=1, max_size=5))
        legal = [f"{size['width']}x{size['height']}" for size in sizes]
        default = {"default": legal[-1]} if draw(st.booleans()) else {}
        return {"sizes": sizes} | default, {"size": legal}
    unit = draw(st.sampled_from([1, 2, 16, 32]))
    low, high = sorted(draw(st.tuples(*[st.integers(4, 60).map(lambda x: x * 32)] * 2)))
    bounds = {"min_edge": low, "max_edge": high, "multiple_of": unit}
    if draw(st.booleans()):
        bounds["max_pixels"] = draw(st.integers(low * low, high * high))
    return {"range": bounds}, {"size": [f"{low}x{low}"]}


@st.composite
def tables(draw):
    canvas, legal = draw(canvases())
    table = {
        "id": "m",
        "canvas": canvas,
        "modes": draw(
            st.lists(
                st.sampled_from(
                    ["text_to_video", "image_to_video", "first_last_frame", "reference_to_video"]
                ),
                min_size=1,
                unique=True,
            )
        ),
        "inputs": draw(
            st.dictionaries(
                st.sampled_from(["first_frame", "last_frame", "reference"]),
                st.sampled_from([{}, {"min_edge": 1000}, {"formats": []}]),
            )
        ),
        "lone_last_frame": draw(st.booleans()),
        "negative_prompt": draw(st.sampled_from([True, False, "unknown"])),
        "seed_unknown": draw(st.booleans()),
        "audio": draw(st.sampled_from(["never", "optional", "always", "unknown"])),
        "enhance_prompt": draw(st.sampled_from(["never", "optional", "always", "unknown"])),
    }
    domains = {
        "fps": numbers(8, 60),
        "durations": numbers(1, 20),
        "frames": numbers(1, 200, whole=True),
        "seed": numbers(0, 1000, whole=True),
        "n": numbers(1, 4, whole=True),
    }
    names = draw(st.sets(st.sampled_from(list(domains))))
    names -= {"frames"} if "durations" in names else set()
    fields = {"durations": "duration", "frames": "num_frames"}
    for name in sorted(names):
        table[name], values = draw(domains[name])
        if name != "seed":
            legal[fields.get(name, name)] = values
    legal = {name: values for name, values in legal.items() if values}
    when = legal | {"mode": table["modes"], "audio": [True, False, None]}
    if legal:
        table["rules"] = draw(st.lists(rules(when, legal), max_size=2))
    table["prices"] = draw(st.lists(prices(when), max_size=2))
    return ModelCapabilities.model_validate(table)


@st.composite
def rules(draw, when, legal):
    some = st.sampled_from(sorted(legal)).flatmap(
        lambda name: st.tuples(st.just(name), st.sets(st.sampled_from(legal[name]), min_size=1))
    )
    field, values = draw(some)
    condition = draw(st.sampled_from(sorted(when)))
    return {
        "when": {condition: [draw(st.sampled_from(when[condition]))]},
        "then": {field: sorted(values)},
        "why": "so it is",
    }


@st.composite
def prices(draw, when):
    field = draw(st.sampled_from(sorted(when)))
    condition = {field: [draw(st.sampled_from(when[field]))]} if draw(st.booleans()) else {}
    basis = draw(st.sampled_from(["second", "video", "free", "unknown"]))
    amount = (
        {"amount": draw(st.decimals("0.01", 5, places=2))} if basis in {"second", "video"} else {}
    )
    return {"basis": basis, "when": condition} | amount


models = st.sampled_from(REAL) | tables()


# --- requests -----------------------------------------------------------------------------------


@st.composite
def requests(draw, **fixed):
    """Return any request that is one; half of its values are round, as people ask for them."""
    seconds = st.integers(1, 30) | st.floats(0.05, 100).map(lambda x: round(x, 3))
    length = draw(st.sampled_from([{}, {"duration": seconds}, {"num_frames": st.integers(1, 300)}]))
    edge = st.sampled_from([480, 640, 720, 832, 1080, 1280]) | st.integers(1, 5000)
    labels = {
        "aspect_ratio": st.sampled_from((*RATIOS, "3:2", "100:1", "32:18")),
        "resolution": st.sampled_from((*TIERS, "540p", "1440p", "8k", "16p")),
    }
    picture = draw(
        st.sampled_from(
            [
                {},
                {"size": st.tuples(edge, edge)},
                {"aspect_ratio": labels["aspect_ratio"]},
                {"resolution": labels["resolution"]},
                labels,
            ]
        )
    )
    pictures = {
        "image": st.just(PNG),
        "last_image": st.just(PNG),
        "reference_images": st.just([PNG, PNG]),
    }
    fields = draw(
        st.fixed_dictionaries(
            {"prompt": st.sampled_from(["a fox", "x" * 50])},
            optional={
                "negative_prompt": st.sampled_from(["blur", "", None]),
                "fps": st.sampled_from([None, 16, 24, 23.976, 30]) | st.floats(1, 200),
                "seed": st.sampled_from([None, 0, 2**63, 2**64 - 1]) | st.integers(0, 5000),
                "audio": st.sampled_from([None, False, True]),
                "enhance_prompt": st.sampled_from([None, False, True]),
                "n": st.sampled_from([None, 1, 2, 7]),
                "max_cost": st.sampled_from([None, 0, Decimal("0.30"), 100]),
                "allow_unknown_cost": st.booleans(),
            }
            | length
            | picture
            | draw(st.sampled_from([{}, {}, pictures])),
        )
    )
    return VideoRequest(**(fields | fixed))


adjusting = requests(on_unsupported="adjust")
strict = requests()


# --- what the promises mean ---------------------------------------------------------------------


def told(plan):
    """Return the fields that a plan speaks of, in adjustments or violations."""
    fields = {item.field for item in (*plan.adjustments, *plan.violations)}
    inputs = {"first_frame", "last_frame", "reference"}
    return fields | (inputs if "inputs" in fields else set())


def is_served(wish, plan, model):
    """Tell whether a wish is in the native parameters as it was asked, or as near as can be."""
    request, native = plan.request, plan.native
    served = {
        "duration": duration_is_served,
        "size": size_is_served,
        "aspect_ratio": ratio_is_served,
        "resolution": tier_is_served,
    }
    if wish in served:
        return served[wish](getattr(request, wish), native, model)
    if wish == "reference":
        return native.get("references") == request.by_role(wish)
    if wish in {"first_frame", "last_frame"}:
        return (native.get(wish),) == request.by_role(wish)
    asked, found = getattr(request, wish), native.get(wish)
    return found == pytest.approx(asked) if isinstance(asked, float) else found == asked


def duration_is_served(asked, native, model):
    frame = 1 / native["fps"] if "fps" in native else 0
    return abs(native.get("duration", math.nan) - asked) <= frame * 1.0001 + 1e-9


def size_is_served(asked, native, model):
    if "width" in native:
        return (native["width"], native["height"]) == asked
    labels = native.get("aspect_ratio"), native.get("resolution")
    return all(labels) and str(label_size(*labels)) == f"{asked[0]}x{asked[1]}"


def listed_size(native, model):
    """Return the entry of the table for the size that is sent, if its sizes are listed."""
    sent = (native["width"], native["height"])
    return next((size for size in model.canvas.sizes if (size.width, size.height) == sent), None)


def ratio_is_served(asked, native, model):
    if not same_value("aspect_ratio", native.get("aspect_ratio"), asked):
        return False
    if "width" not in native:
        return True
    if size := listed_size(native, model):
        return size.is_ratio(asked)
    width, height, ratio = native["width"], native["height"], parse_ratio(asked)
    unit = model.canvas.range.multiple_of if model.canvas.range else 0
    exact = min(width, height) * max(ratio, 1 / ratio)
    in_turn = (width >= height) == (ratio >= 1) or width == height
    near = abs(width / height / ratio - 1) <= 0.01
    return near or (in_turn and abs(max(width, height) - exact) <= unit / 2)


def tier_is_served(asked, native, model):
    if not same_value("resolution", native.get("resolution"), asked):
        return False
    if "width" not in native:
        return True
    if size := listed_size(native, model):
        return size.is_tier(asked)
    return min(native["width"], native["height"]) == tier_pixels(asked)


def wishes_of(request):
    return {
        *(wish for wish in request.wishes if wish not in {"model", "inputs", "options"}),
        *(item.role for item in request.inputs),
    }


def is_legal(numbers, value):
    if numbers.choices:
        return any(math.isclose(value, choice) for choice in numbers.choices)
    if not numbers.minimum - 1e-9 <= value <= (numbers.maximum or math.inf) + 1e-9:
        return False
    base = numbers.minimum if numbers.offset is None else numbers.offset
    steps = 0 if numbers.step is None else (value - base) / numbers.step
    return math.isclose(steps, round(steps), abs_tol=1e-6)


def illegal(native, model):
    """Return what is wrong with native parameters, by the table alone."""
    canvas = model.canvas
    domains = {
        "duration": model.durations,
        "num_frames": model.frames,
        "fps": model.fps,
        "n": model.n,
        "seed": model.seed,
    }
    found = [
        (name, native[name])
        for name, domain in domains.items()
        if domain is not None and name in native and not is_legal(domain, native[name])
    ]
    if canvas.sizes and listed_size(native, model) is None:
        found.append(("size", native["width"], native["height"]))
    if canvas.range:
        found += beyond(canvas.range, native["width"], native["height"])
    if canvas.form == "labels":
        words = (("aspect_ratio", canvas.aspect_ratios), ("resolution", canvas.resolutions))
        said = [(name, native.get(name), legal) for name, legal in words]
        found += [(name, word) for name, word, legal in said if word not in {*legal, None}]
    if model.audio == "never" and native.get("audio"):
        found.append(("audio", True))
    return found


def beyond(bounds, width, height):
    """Return which of the bounds a size does not keep."""
    kept = {
        "min_edge": min(width, height) >= bounds.min_edge,
        "max_edge": max(width, height) <= bounds.max_edge,
        "multiple_of": width % bounds.multiple_of == height % bounds.multiple_of == 0,
        "max_pixels": bounds.max_pixels is None or width * height <= bounds.max_pixels,
    }
    return [(name, width, height) for name, ok in kept.items() if not ok]


def broken_rules(plan, model):
    native = plan.native
    facts = {"mode": plan.mode, "audio": native.get("audio"), "n": native["n"]}
    facts |= {name: native.get(name) for name in ("duration", "num_frames", "fps", "resolution")}
    facts |= {"aspect_ratio": native.get("aspect_ratio")}
    if "width" in native:
        facts["size"] = f"{native['width']}x{native['height']}"
    return [rule for rule in model.rules if rule.broken(facts)]


def as_adjusted(plan):
    """Return the request with every adjusted wish replaced by what is used for it."""
    changes = {}
    for item in plan.adjustments:
        used = item.used
        if item.field == "size" and "x" not in used:  # told in words: "16:9 at 720p"
            words = used.split(" at ")
            labels = {"aspect_ratio" if ":" in word else "resolution": word for word in words}
            changes |= {"size": None} | labels
        else:
            changes[item.field] = used
    return plan.request.with_(**changes)


# --- the promises -------------------------------------------------------------------------------


@PROMISE
@given(models, adjusting | strict)
def test_every_wish_ends_in_native_or_adjustments_or_violations(model, request):
    plan = plan_of(request, model)
    note(plan.to_dict())
    lost = [w for w in wishes_of(request) if w not in told(plan) and not is_served(w, plan, model)]
    assert lost == []


@PROMISE
@given(models, strict)
def test_by_default_nothing_is_ever_adjusted(model, request):
    assert plan_of(request, model).adjustments == ()


@PROMISE
@given(models, adjusting)
def test_a_plan_that_can_be_served_has_legal_values_only(model, request):
    plan = plan_of(request, model)
    note(plan.to_dict())
    if plan.ok:
        assert illegal(plan.native, model) == []
        assert broken_rules(plan, model) == []


@PROMISE
@given(models, adjusting)
def test_asking_for_what_is_used_instead_is_served_without_adjustment(model, request):
    plan = plan_of(request, model)
    note(plan.to_dict())
    if not plan.ok:
        return
    again = plan_of(as_adjusted(plan), model)
    note(again.to_dict())
    assert again.adjustments == ()
    assert again.ok
    assert again.native == plan.native


@PROMISE
@given(models, strict)
def test_refusing_and_adjusting_agree_on_what_is_legal(model, request):
    refused = plan_of(request, model)
    adjusted = plan_of(request.with_(on_unsupported="adjust"), model)
    note((refused.to_dict(), adjusted.to_dict()))
    changed = {item.field for item in adjusted.adjustments}
    stuck = {item.field for item in adjusted.violations}
    assert {item.field for item in refused.violations} == changed | stuck
    if refused.ok:
        assert adjusted.native == refused.native
        assert adjusted.cost == refused.cost


@PROMISE
@given(models, requests(on_unsupported="adjust", max_cost=None))
def test_what_a_plan_uses_can_be_asked_for(model, request):
    plan = plan_of(request, model)
    if not plan.ok:
        return
    fields = ["fps", "n", "seed", "num_frames" if model.frames else "duration"]
    fields += ["aspect_ratio", "resolution"] if model.canvas.form == "labels" else []
    used = {name: plan.native[name] for name in fields if plan.native.get(name) is not None}
    if "width" in plan.native:
        used["size"] = (plan.native["width"], plan.native["height"])
    rest = dict.fromkeys((*LENGTHS, *PICTURE))
    again = plan_of(plan.request.with_(**(rest | used), on_unsupported="error"), model)
    note((plan.to_dict(), again.to_dict()))
    changed = {item.field for item in plan.adjustments} - {*used, *rest}
    assert {item.field for item in again.violations} == changed
    assert {name: again.native[name] for name in used if name != "size"} == {
        name: value for name, value in used.items() if name != "size"
    }


@PROMISE
@given(models, adjusting | strict)
def test_a_plan_is_whole_json_and_survives_pickling(model, request):
    plan = plan_of(request, model)
    said = json.loads(json.dumps(plan.to_dict(), allow_nan=False))
    assert said["ok"] is (said["violations"] == [])
    assert pickle.loads(pickle.dumps(plan)) == plan
    assert all(item.message and item.field for item in plan.violations)
    assert all(item.why for item in plan.adjustments)


@PROMISE
@given(models, adjusting, st.sets(st.sampled_from(["duration", "num_frames", "seed", "audio"])))
def test_a_mapping_that_reads_too_little_drops_nothing(model, request, read):
    def native(request, model):
        return {name: getattr(request, name) for name in sorted(read)}

    plan = plan_of(request, model, native)
    note(plan.to_dict())
    sent = {name for name, value in plan.native.items() if value is not None}
    for wish in wishes_of(request) - told(plan):
        ways = {"duration": {*LENGTHS}, "num_frames": {*LENGTHS}}.get(wish, {wish})
        assert ways & sent or is_fixed(wish, model)


def is_fixed(wish, model):
    """Tell whether the one thing that the model does is what was asked."""
    if wish in {"prompt", "first_frame", "last_frame", "reference"}:
        return False
    if wish in {"audio", "enhance_prompt"}:
        return getattr(model, wish) in {"always", "never"}
    single = {
        "duration": model.durations or model.frames,
        "num_frames": model.durations or model.frames,
        "fps": model.fps,
        "n": model.n,
    }
    if wish in single:
        return single[wish] is not None and single[wish].only is not None
    canvas = model.canvas
    one = {"aspect_ratio": canvas.aspect_ratios, "resolution": canvas.resolutions}
    return len(canvas.sizes) == 1 or len(one.get(wish, ())) == 1


@PROMISE
@given(models, adjusting | strict)
def test_costs_are_exact_and_limits_are_kept(model, request):
    plan = plan_of(request, model, max_cost=Decimal(2))
    amount = plan.cost.amount
    limit = min(Decimal(2), request.max_cost if request.max_cost is not None else Decimal(2))
    codes = {item.code for item in plan.violations if item.field == "max_cost"}
    if amount is None:
        assert codes == (set() if request.allow_unknown_cost else {"cost_unknown"})
    else:
        assert codes == ({"cost_limit"} if amount > limit else set())
    seconds, count = plan.expected.duration, plan.native.get("n", 1)
    for price in model.prices:
        if amount and price.amount and plan.cost.basis.endswith(f"s x {price.amount}"):
            exact = price.amount * Decimal(str(round(seconds, 6))) * count
            assert amount == exact
            break


@PROMISE
@given(tables())
def test_every_table_prints_as_json_and_reads_back(model):
    table = Capabilities(backend="acme", kind="remote", models=(model,))
    said = json.loads(json.dumps(table.to_dict(), allow_nan=False))
    assert ModelCapabilities.model_validate(said["models"][0]) == model
    assert pickle.loads(pickle.dumps(table)) == table


@PROMISE
@given(st.sampled_from(REAL), requests(on_unsupported="adjust", max_cost=None), st.data())
def test_a_wish_that_is_possible_alone_is_not_spoiled_by_a_default(model, request, data):
    plan = plan_of(request, model)
    if not plan.ok:
        return
    fields = {"duration", "num_frames", "fps", "aspect_ratio", "resolution"} & {*plan.native}
    name = data.draw(st.sampled_from(sorted(fields) or ["prompt"]))
    alone = {"prompt": "a fox", "inputs": request.inputs, name: plan.native[name]}
    if name == "num_frames":  # how long they last depends on the frame rate
        alone["fps"] = plan.native.get("fps")
    again = plan_of(VideoRequest(**alone), model)
    note((plan.to_dict(), again.to_dict()))
    assert again.violations == ()

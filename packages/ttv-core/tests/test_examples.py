"""What the documentation shows, runs; what is public, is documented."""

from __future__ import annotations

import doctest
import importlib
import inspect
import pkgutil

import pytest

import ttv_core

MODULES = [f"ttv_core.{module.name}" for module in pkgutil.iter_modules(ttv_core.__path__)]


def examples(name):
    module = importlib.import_module(name)
    found = doctest.DocTestFinder().find(module, name)
    return [test for test in found if test.examples]


@pytest.mark.parametrize("name", MODULES)
def test_every_example_runs(name):
    for test in examples(name):
        if any('"animatic"' in example.source for example in test.examples):
            continue  # these need that backend; its own tests run them
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
        runner.run(test)
        assert runner.failures == 0, test.name


@pytest.mark.parametrize("name", ttv_core.__all__)
def test_every_public_name_is_documented_and_its_parameters_too(name):
    thing = getattr(ttv_core, name)
    doc = inspect.getdoc(thing)
    assert doc
    if inspect.isfunction(thing):
        for parameter in inspect.signature(thing).parameters.values():
            starred = "**" * (parameter.kind is parameter.VAR_KEYWORD)
            assert f"{starred}{parameter.name}:" in doc or "as for `generate`" in doc


@pytest.mark.parametrize("name", ttv_core.__all__)
def test_every_method_of_a_public_class_is_documented_and_typed(name):
    thing = getattr(ttv_core, name)
    if not inspect.isclass(thing):
        return
    for method_name, member in vars(thing).items():
        method = getattr(member, "fget", getattr(member, "__func__", member))
        if method_name.startswith("_") or not inspect.isfunction(method):
            continue
        assert inspect.getdoc(method), f"{name}.{method_name}"
        assert "return" in method.__annotations__, f"{name}.{method_name}"

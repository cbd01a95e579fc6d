"""What `help()` shows: every public name says what it is, every class and function with an example, and every example runs."""

from __future__ import annotations

import doctest
import importlib
import inspect
import types
from pathlib import Path
from typing import Any

import django
import pytest
from django.apps import apps
from django.conf import settings

import fieldward as fw

if not settings.configured:
    settings.configure(
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        INSTALLED_APPS=[],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        USE_TZ=True,
    )
    django.setup()

MODULES = ["columns", "dask", "deidentify", "django", "fernet", "frame", "pydantic", "spark", "sqlalchemy", "stores", "weights"]
# Their examples want an engine, which is not among what these tests install.
ENGINES = ("fieldward.dask", "fieldward.spark")
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def modules() -> list[types.ModuleType]:
    return [fw, *(importlib.import_module(f"fieldward.{name}") for name in MODULES)]


def public(module: types.ModuleType) -> dict[str, Any]:
    """The classes and functions that a module is for."""
    names = getattr(module, "__all__", [name for name in vars(module) if not name.startswith("_")])
    found = {name: getattr(module, name) for name in names}
    own = {name: made for name, made in found.items() if isinstance(made, type) or inspect.isroutine(made)}
    return {name: made for name, made in own.items() if hasattr(module, "__all__") or made.__module__ == module.__name__}


def members(made: type) -> dict[str, Any]:
    """The methods and properties that a class adds."""
    kinds = (property, staticmethod, classmethod, types.GetSetDescriptorType, types.MethodDescriptorType)
    return {
        name: member
        for name, member in vars(made).items()
        if not name.startswith("_") and (inspect.isroutine(member) or isinstance(member, kinds))
    }


NAMED = [(module, name, made) for module in modules() for name, made in public(module).items()]
DOCUMENTED: list[tuple[types.ModuleType, str, str]] = [(module, module.__name__, module.__doc__ or "") for module in modules()]
for _module, _name, _made in NAMED:
    DOCUMENTED.append((_module, f"{_module.__name__}.{_name}", _made.__doc__ or ""))
    if isinstance(_made, type):
        DOCUMENTED += [(_module, f"{_module.__name__}.{_name}.{name}", member.__doc__ or "") for name, member in members(_made).items()]
EXAMPLES = [(module, name, doc) for module, name, doc in DOCUMENTED if ">>>" in doc and module.__name__ not in ENGINES]


def test_what_is_public_is_known() -> None:
    assert len(NAMED) > 75
    assert {name for module, name, _ in NAMED if module is fw} >= {"Field", "Keyring", "Records", "Schema", "Error", "inspect"}
    assert len(EXAMPLES) > 100


@pytest.mark.parametrize(("name", "doc"), [(name, doc) for _, name, doc in DOCUMENTED])
def test_every_public_name_says_what_it_is(name: str, doc: str) -> None:
    # Frameworks call these: Django and SQLAlchemy say what they do.
    hooks = (".django.EncryptedField.", ".django.SealedField.", ".sqlalchemy.Encrypted.", ".sqlalchemy.Sealed.")
    assert doc.strip() or any(hook in name for hook in hooks)


@pytest.mark.parametrize(("module", "name", "made"), NAMED, ids=[f"{module.__name__}.{name}" for module, name, _ in NAMED])
def test_every_class_and_function_has_an_example(module: types.ModuleType, name: str, made: Any) -> None:
    assert ">>>" in (made.__doc__ or ""), "an example"
    assert not (made.__doc__ or "").startswith(f"{name}("), "words of its own, not the signature that a dataclass makes"


def run(doc: str, name: str, names: dict[str, Any]) -> None:
    test = doctest.DocTestParser().get_doctest(doc, names, name, None, None)
    names.update(test.globs)
    test.globs = names
    said: list[str] = []
    failed, _ = doctest.DocTestRunner(optionflags=FLAGS).run(test, out=said.append, clear_globs=False)
    assert not failed, "".join(said)


@pytest.mark.parametrize(("module", "name", "doc"), EXAMPLES, ids=[name for _, name, _ in EXAMPLES])
def test_every_example_runs(
    module: types.ModuleType, name: str, doc: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the names of the package's own example and its module's, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    # models of the example before
    apps.all_models.pop("docs", None)
    names: dict[str, Any] = {"__name__": "examples"}
    for part in dict.fromkeys([fw.__doc__ or "", module.__doc__ or "", doc]):
        names.update(public(module) if module is not fw else {})
        run(part, name, names)

"""Every public name says what it is, and what packages offer also what goes in and comes out.

The helpers of a module, which no package offers, need a docstring and no list of arguments: their
names, annotations and one line are read beside their few callers.
"""

import ast
import dataclasses
import importlib
import inspect
import pkgutil
import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any, NamedTuple

import rhythmic

# A docstring that says what comes back has one of these: a section or verb of giving, an equation,
# or it begins with a verb whose object is the result.
GIVES = re.compile(r"\b(returns?|gives?|yields?|holds?)\b|=", re.IGNORECASE)
RESULT_VERBS = re.compile(
    "(Build|Chart|Classify|Count|Cut|Decide|Describe|Differentiate|Draw|Estimate|Evaluate|Find|Fit"
    "|Gather|Join|List|Loads?|Look|Make|Measure|Place|Predict|Rank|Read|Run|Sample|Say|Simulate"
    "|Solve|Tell|Train) "
)
EXCUSED = {"self", "cls", "key"}  # a key is always JAX's, keyword-only


class Documented(NamedTuple):
    """A public function, method or class, and the texts that may speak for it.

    ``contract`` is its own docstring and that of a method it overrides; ``texts`` has that of the
    class as well.
    """

    name: str
    value: Any
    contract: str
    texts: str
    is_offered: bool
    is_property: bool = False


def modules() -> list[ModuleType]:
    """Return the package and every public module in it."""
    names = [found.name for found in pkgutil.walk_packages(rhythmic.__path__, "rhythmic.")]
    public = [name for name in names if not any(part[0] == "_" for part in name.split("."))]
    return [rhythmic, *(importlib.import_module(name) for name in public)]


MODULES = modules()


def offered() -> set[tuple[str, str]]:
    """Return module and name of what packages list in ``__all__``.

    A single module that the docstring of ``rhythmic`` points to offers all that it defines, and
    ``rhythmic.plotting``, which imports nothing by itself, its figures.
    """
    packages = [module for module in MODULES if hasattr(module, "__path__")]
    listed = [(package, name) for package in packages for name in getattr(package, "__all__", ())]
    values = [(getattr(package, name), name) for package, name in listed]
    found = {(getattr(value, "__module__", ""), name) for value, name in values}
    pointed_to = set(re.findall(r"``(rhythmic\.\w+)``", rhythmic.__doc__ or ""))
    for module in MODULES:
        if module.__name__ in pointed_to and module not in packages:
            found |= {(module.__name__, name) for name, _ in own_members(module)}
        if module.__name__.startswith("rhythmic.plotting."):
            names = [name for name, _ in own_members(module) if name.endswith("_figure")]
            found |= {(module.__name__, name) for name in names}
    return found


def own_members(module: ModuleType) -> Iterator[tuple[str, Any]]:
    """Yield what a module itself defines under a public name."""
    for name, value in vars(module).items():
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__:
            yield name, inspect.unwrap(value) if callable(value) else value


def plain_function(value: Any) -> FunctionType | None:
    """Return the function behind a method or property, None for anything else."""
    if isinstance(value, classmethod | staticmethod):
        value = value.__func__
    if isinstance(value, property):
        value = value.fget
    value = inspect.unwrap(value) if callable(value) else value
    return value if isinstance(value, FunctionType) else None


def methods(module: ModuleType, owner: type) -> Iterator[tuple[str, FunctionType, str, bool]]:
    """Yield the public methods that a class defines; what they override; whether a property."""
    for name, value in vars(owner).items():
        function = plain_function(value)
        if name.startswith("_") or function is None or function.__module__ != module.__name__:
            continue
        parents = [vars(parent).get(name) for parent in owner.__mro__[1:]]
        contract = "\n".join(x.__doc__ or "" for x in [function, *parents] if x is not None)
        is_property = not isinstance(value, FunctionType | classmethod | staticmethod)
        yield name, function, contract, is_property


def documented() -> tuple[list[Documented], list[Documented], list[Documented]]:
    """Return all public functions, classes and methods."""
    listed = offered()
    functions, classes, of_classes = [], [], []
    for module in MODULES:
        for name, value in own_members(module):
            path, is_offered = f"{module.__name__}.{name}", (module.__name__, name) in listed
            text = inspect.getdoc(value) or ""
            if inspect.isfunction(value):
                functions.append(Documented(path, value, text, text, is_offered))
            elif inspect.isclass(value):
                own_text = value.__dict__.get("__doc__") or ""
                text = f"{own_text}\n{value.__init__.__doc__ or ''}"
                classes.append(Documented(path, value, text, text, is_offered))
                for inner, function, contract, is_property in methods(module, value):
                    place, texts = f"{path}.{inner}", f"{contract}\n{text}"
                    found = Documented(place, function, contract, texts, is_offered, is_property)
                    of_classes.append(found)
    return functions, classes, of_classes


FUNCTIONS, CLASSES, METHODS = documented()


def is_named(name: str, text: str) -> bool:
    """Tell whether a text speaks of a name, as it is or as words."""
    words = re.escape(name).replace("_", "[_ -]")
    return re.search(rf"(?<![A-Za-z0-9]){words}(?![A-Za-z0-9])", text, re.IGNORECASE) is not None


def parameters(function: FunctionType) -> list[str]:
    """Return the parameters that a docstring has to speak of."""
    names = inspect.signature(function).parameters
    return [name for name in names if name not in EXCUSED and not name.startswith("_")]


def unnamed(found: Documented) -> list[str]:
    """Return the parameters that no text about a function speaks of."""
    return [name for name in parameters(found.value) if not is_named(name, found.texts)]


def fields(owner: type) -> list[str]:
    """Return the public fields that a class adds to those of its parents."""
    if hasattr(owner, "_fields"):
        names = list(owner._fields)
    elif dataclasses.is_dataclass(owner):
        own = vars(owner).get("__annotations__", {})
        names = [field.name for field in dataclasses.fields(owner) if field.name in own]
    else:
        return []
    return [name for name in names if not name.startswith("_")]


def says_what_comes_back(found: Documented) -> bool:
    """Tell whether a docstring describes the result, where there is one.

    A property is its own result: whatever its docstring says is said of it.
    """
    annotation = inspect.signature(found.value).return_annotation
    if found.is_property or annotation in (None, "None", inspect.Signature.empty):
        return True
    return bool(GIVES.search(found.contract) or RESULT_VERBS.match(found.contract))


def needs_every_name(found: Documented) -> bool:
    """Tell what must name its parameters: what packages offer, unless one line is evident.

    One line about a single parameter can speak of nothing else.
    """
    text = (found.value.__doc__ or "").strip()
    return found.is_offered and not ("\n" not in text and len(parameters(found.value)) == 1)


def test_every_module_class_function_and_method_has_a_docstring():
    bare = [module.__name__ for module in MODULES if not (module.__doc__ or "").strip()]
    every = [*FUNCTIONS, *METHODS]
    bare += [found.name for found in every if not (found.value.__doc__ or "").strip()]
    # A NamedTuple or dataclass without a docstring is given its signature for one.
    bare += [
        found.name
        for found in CLASSES
        if not found.texts.strip() or found.texts.startswith(f"{found.value.__name__}(")
    ]
    assert not bare, "\n".join(bare)
    assert min(map(len, (MODULES, CLASSES, FUNCTIONS, METHODS))) > 100  # the package was found


def test_offers_name_their_parameters_and_say_what_comes_back():
    """What a package offers (its ``__all__``) is told in full.

    Every parameter is named in the docstring, in that of the class, or in that of the method which
    is overridden: there the contract stands once. ``key`` is excused, it means the same everywhere.
    A single parameter is excused where one line says it all. The docstring describes the result: a
    section or word of returning, an equation, or a first verb whose object is the result.
    """
    wrong = []
    for found in [*FUNCTIONS, *METHODS]:
        if needs_every_name(found):
            wrong += [f"{found.name} does not speak of {name}" for name in unnamed(found)]
        if found.is_offered and not says_what_comes_back(found):
            wrong.append(f"{found.name} does not say what comes back")
    assert not wrong, "\n".join(wrong)


def test_offered_classes_name_their_fields_and_arguments():
    """Fields of offered NamedTuples, dataclasses and modules are named; so are arguments."""
    wrong = []
    for found in CLASSES:
        names = fields(found.value)
        constructor = vars(found.value).get("__init__")
        if isinstance(constructor, FunctionType) and constructor.__doc__:
            names = parameters(constructor)
        missing = [name for name in names if not is_named(name, found.texts)]
        if found.is_offered:
            wrong += [f"{found.name} does not speak of {name}" for name in missing]
    assert not wrong, "\n".join(wrong)


def test_offered_constants_have_a_docstring_below_them():
    """Constants and aliases in a package's ``__all__`` have a string below them."""
    bare, number = [], 0
    for package in (module for module in MODULES if hasattr(module, "__path__")):
        for name in getattr(package, "__all__", ()):
            value = getattr(package, name)
            if not inspect.ismodule(value) and not hasattr(value, "__qualname__"):
                number += 1
                if not any(has_string_below(module, name) for module in MODULES):
                    bare.append(f"{package.__name__}.{name}")
    assert number > 10
    assert not bare, "\n".join(bare)


def has_string_below(module: ModuleType, name: str) -> bool:
    """Tell whether a module assigns a name and a string follows."""
    body = STATEMENTS[module.__name__]
    return any(
        isinstance(node, ast.Assign | ast.AnnAssign)
        and ast.unparse(node.targets[0] if isinstance(node, ast.Assign) else node.target) == name
        and isinstance(after, ast.Expr)
        and isinstance(after.value, ast.Constant)
        for node, after in pairwise(body)
    )


STATEMENTS = {
    module.__name__: ast.parse(Path(str(module.__file__)).read_text()).body for module in MODULES
}

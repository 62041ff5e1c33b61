"""Signatures for classes whose constructor no source code spells out.

NamedTuples and Equinox modules are made from annotated fields. Their fields are shown as the
parameters of the class, with the annotations that tell the shapes.
"""

import griffe

FIELDS = ("NamedTuple", "typing.NamedTuple")
MODULES = ("Module", "eqx.Module", "equinox.Module")


class Constructors(griffe.Extension):
    """Writes the ``__init__`` of NamedTuples and Equinox modules that have none."""

    def on_package(self, *, pkg: griffe.Module, **_: object) -> None:
        """Go through all classes of a package, once its modules are known."""
        families = [(found, [found, *ancestors(found)]) for found in classes(pkg)]
        wanting = [
            (found, family)
            for found, family in families
            if any(is_made_from_fields(member) for member in family)
            and not any("__init__" in member.members for member in family)
        ]
        for found, family in wanting:
            add_constructor(found, family)


def classes(place: griffe.Module) -> list[griffe.Class]:
    """Return the classes defined in a module and in those below it."""
    found = []
    for member in place.members.values():
        if member.is_alias:
            continue
        if isinstance(member, griffe.Class):
            found.append(member)
        elif isinstance(member, griffe.Module):
            found += classes(member)
    return found


def ancestors(found: griffe.Class) -> list[griffe.Class]:
    """Return the classes that a class is derived from, as far as they belong to the package."""
    parents = []
    for base in found.bases:
        name = str(base).split("[")[0]
        try:
            parent = found.modules_collection[found.resolve(name)]
        except (griffe.NameResolutionError, KeyError):
            continue
        parent = parent.final_target if parent.is_alias else parent
        if isinstance(parent, griffe.Class):
            parents += [parent, *ancestors(parent)]
    return parents


def is_made_from_fields(found: griffe.Class) -> bool:
    """Tell NamedTuples and Equinox modules from other classes."""
    return any(str(base).split("[")[0] in FIELDS + MODULES for base in found.bases)


def add_constructor(found: griffe.Class, parents: list[griffe.Class]) -> None:
    """Write the constructor, parameters of ancestors first."""
    parameters: dict[str, griffe.Parameter] = {}
    for parent in reversed(parents):
        for member in parent.members.values():
            if isinstance(member, griffe.Attribute):
                parameters.pop(member.name, None)
                parameter = as_parameter(member)
                if parameter is not None:
                    parameters[member.name] = parameter
    own = griffe.Parameter("self", kind=griffe.ParameterKind.positional_or_keyword)
    constructor = griffe.Function(
        "__init__", parameters=griffe.Parameters(own, *parameters.values()), returns="None"
    )
    found.set_member("__init__", constructor)


def as_parameter(member: griffe.Attribute) -> griffe.Parameter | None:
    """Return the parameter of a field; None for what is no parameter."""
    if member.annotation is None or "property" in member.labels or member.name.startswith("_"):
        return None
    if any(word in str(member.annotation) for word in ("ClassVar", "AbstractVar")):
        return None
    default = member.value
    if isinstance(default, griffe.ExprCall) and str(default.function).endswith("field"):
        given = {
            argument.name: argument.value
            for argument in default.arguments
            if isinstance(argument, griffe.ExprKeyword)
        }
        if str(given.get("init")) == "False":
            return None
        default = given.get("default")
    kind = griffe.ParameterKind.positional_or_keyword
    return griffe.Parameter(member.name, annotation=member.annotation, kind=kind, default=default)

"""How docstrings are read for the reference.

They are written for the eye in an editor. Lists of names, ``name``  what it is, one a line, become
lists here. And annotations of shapes, ``Float[Array, "time batch"]``, keep their quotes: what
stands in these is no Python.
"""

import ast
import re

import griffe

NAMED = re.compile(r"^((?:``[^`]+``(?:, | and )?)+)(?:  +| )(\S.*)$")


class Docstrings(griffe.Extension):
    """Makes Markdown of lists of names, and shapes what they were in the source."""

    def on_instance(self, *, obj: griffe.Object, **_: object) -> None:
        """Rewrite one docstring."""
        if obj.docstring is not None:
            obj.docstring.value = with_lists(obj.docstring.value)

    def on_function_instance(
        self, *, node: ast.AST | griffe.ObjectNode, func: griffe.Function, **_: object
    ) -> None:
        """Write shapes into the annotations of a function as its source does."""
        assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        arguments = node.args
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
        for argument in every:
            shape = shaped(argument.annotation)
            if shape is not None:
                func.parameters[argument.arg].annotation = shape
        func.returns = shaped(node.returns) or func.returns

    def on_attribute_instance(
        self, *, node: ast.AST | griffe.ObjectNode, attr: griffe.Attribute, **_: object
    ) -> None:
        """Write shapes into the annotation of a field as its source does."""
        if isinstance(node, ast.AnnAssign):
            attr.annotation = shaped(node.annotation) or attr.annotation


def shaped(annotation: ast.expr | None) -> str | None:
    """Return an annotation as text if it holds the shape of an array; None if it does not."""
    if annotation is None:
        return None
    subscripts = [x for x in ast.walk(annotation) if isinstance(x, ast.Subscript)]
    names = {ast.unparse(x.value) for x in subscripts}
    if not names & {"Float", "Int", "Bool", "UInt8", "UInt32", "Real", "Complex", "Key", "Num"}:
        return None
    return ast.unparse(annotation).replace("'", '"')


def with_lists(text: str) -> str:
    """Make a list of every run of two or more lines that begin with a name."""
    return "\n\n".join(as_list(block) for block in text.split("\n\n"))


def as_list(block: str) -> str:
    """Return a block as a list, if each of its lines begins with a name or goes on from one."""
    lines = block.splitlines()
    named = [NAMED.match(line) for line in lines]
    goes_on = [line.startswith("    ") for line in lines]
    if sum(map(bool, named)) < 2 or not all(map(any, zip(named, goes_on, strict=True))):
        return block
    return "\n".join(
        f"- {found[1]}: {found[2]}" if found else f"    {line.strip()}"
        for found, line in zip(named, lines, strict=True)
    )

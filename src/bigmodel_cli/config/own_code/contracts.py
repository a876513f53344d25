"""What Keras would refuse of a class or function only when it is used, or when the model is saved."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from bigmodel_cli.config.catalogue import Parameter
from bigmodel_cli.config.own_code.classes import OwnClass, supers
from bigmodel_cli.config.own_code.families import CONTRACTS, HOOKS, Contract
from bigmodel_cli.config.own_code.functions import OwnFunction, is_generator
from bigmodel_cli.config.problems import Problem, Problems
from bigmodel_cli.config.spelling import closest
from bigmodel_cli.config.wording import SINGULAR, with_article

STATE = ("get_state", "set_state")


def check_class(found: OwnClass, problems: Problems) -> None:
    """Report what a class lacks of what Keras, or a resume, asks of it."""
    assert found.family is not None
    contract = CONTRACTS.get(found.family)
    if contract is None:
        return
    _check_methods(found, contract, problems)
    init = found.method("__init__")
    if contract.calls_super and init is not None and not list(supers(init)):
        message = f"{found.node.name}.__init__ does not call super().__init__(), so that Keras refuses it"
        _tell(found, init, problems, message, "begin it with super().__init__(**kwargs)")
    if contract.is_saved:
        _check_config(found, contract, problems)
    if found.family == "callbacks":
        _check_callback(found, problems)
    value, better = found.better
    if found.family == "metrics" and value is not None and better is None:
        problems.tell(found.file.place(value), (), 'expected "up" or "down" as _direction of a metric')


def check_function(found: OwnFunction, problems: Problems) -> None:
    """Report a function that gives no tensor when it is called."""
    what = "async" if isinstance(found.node, ast.AsyncFunctionDef) else None
    what = "a generator" if what is None and is_generator(found.node) else what
    if what is not None:
        message = f"{found.node.name} is {what}; expected a function that returns a tensor"
        problems.tell(found.file.name_place(found.node), (), message)


def _check_methods(found: OwnClass, contract: Contract, problems: Problems) -> None:
    for name in contract.methods:
        method = found.method(name)
        if method is None:
            if found.base is None:
                message = f"{found.node.name} has no {name}, which every {SINGULAR[found.family or '']} has"
                given = ", ".join(("self", *contract.takes)) if name == contract.methods[0] else "self"
                _tell(found, found.node, problems, message, f"write def {name}({given}): …")
            continue
        if isinstance(method, ast.AsyncFunctionDef) or is_generator(method):
            _tell(
                found, method, problems, f"{name} is async or yields; expected a method that returns a tensor"
            )
        if name == contract.methods[0] and not _takes(method, len(contract.takes)):
            message = f"{name} is called with {' and '.join(contract.takes)}, which it does not take"
            _tell(found, method, problems, message, f"write def {name}(self, {', '.join(contract.takes)}): …")


def _takes(method: ast.FunctionDef | ast.AsyncFunctionDef, count: int) -> bool:
    """Whether a method can be called with so many arguments by their places."""
    given = method.args
    places = len(given.posonlyargs) + len(given.args)
    is_static = any(getattr(one, "id", "") == "staticmethod" for one in method.decorator_list)
    wanted = count + (not is_static)
    needed = places - len(given.defaults)
    return given.vararg is not None or needed <= wanted <= places


def _check_config(found: OwnClass, contract: Contract, problems: Problems) -> None:
    """A saved model is loaded with what `get_config` gives."""
    config, name = found.method("get_config"), found.node.name
    if config is None:
        if contract.needs_config and found.base is None:
            message = f"{name} has no get_config, without which Keras cannot save {_with_article(found)}"
            _tell(
                found, found.node, problems, message, f"write def get_config(self): return {{{_keys(found)}}}"
            )
        elif objects := [p.name for p in _own_parameters(found) if "component" in p.accepts]:
            message = f"{name} has no get_config, and Keras cannot save {objects[0]} without one"
            advice = f"write def get_config(self): return {{**super().get_config(), {_keys(found)}}}"
            _tell(found, found.node, problems, message, advice)
        return
    said = {node.value for node in ast.walk(config) if isinstance(node, ast.Constant)}
    said |= {
        keyword.arg for node in ast.walk(config) if isinstance(node, ast.Call) for keyword in node.keywords
    }
    if _is_computed(config):
        return
    for parameter in _own_parameters(found):
        if parameter.name not in said:
            message = f"get_config leaves {parameter.name} out, so that a saved {name} "
            message += "cannot be loaded" if parameter.required else "is loaded with its default"
            place = found.file.name_place(config)
            advice = f'add "{parameter.name}": self.{parameter.name}'
            problems.add(Problem(place, (), message, suggestion=advice, is_warning=not parameter.required))


def _own_parameters(found: OwnClass) -> Iterator[Parameter]:
    """The arguments that its own `__init__` names, but those that Keras's bases keep."""
    init = found.method("__init__")
    if init is None:
        return
    named = {argument.arg for argument in (*init.args.args, *init.args.kwonlyargs)}
    kept = {"name", "dtype", "trainable", "autocast", "activity_regularizer", "learning_rate"}
    super_given = {keyword.arg for call in supers(init) for keyword in call.keywords}
    for name, parameter in found.parameters.items():
        if name in named and name not in kept | super_given:
            yield parameter


def _is_computed(config: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether keys are made by something that only running tells: a comprehension, `vars(self)`."""
    computed = (ast.DictComp, ast.For, ast.While)
    return any(
        isinstance(node, computed) or (isinstance(node, ast.Name) and node.id in ("vars", "locals"))
        for node in ast.walk(config)
    )


def _keys(found: OwnClass) -> str:
    names = [parameter.name for parameter in _own_parameters(found)]
    return ", ".join(f'"{name}": self.{name}' for name in names[:4])


def _with_article(found: OwnClass) -> str:
    return with_article(found.family or "")


def _check_callback(found: OwnClass, problems: Problems) -> None:
    methods = [node for node in found.node.body if isinstance(node, ast.FunctionDef)]
    for method in methods:
        if method.name.startswith("on_") and method.name not in HOOKS:
            near = closest(method.name, sorted(HOOKS))
            message = f"Keras calls no {method.name} of a callback"
            _tell(found, method, problems, message, f"did you mean {near}?" if near else None)
    has = [found.method(name) is not None for name in STATE]
    if any(has) and not all(has):
        lacking, there = STATE if not has[0] else STATE[::-1]
        _tell(
            found,
            found.method(there),
            problems,
            f"{found.node.name} has {there} and no {lacking}",
            f"add {lacking}",
        )
    if not any(has) and found.base is None and (kept := next(_kept(methods), None)) is not None:
        name, node = kept
        message = f"{found.node.name} keeps {name} from epoch to epoch, and a resumed run begins it anew"
        advice = "add get_state(self), which returns a mapping, and set_state(self, state), which takes it"
        problems.add(Problem(found.file.place(node), (), message, suggestion=advice, is_warning=True))


def _kept(methods: list[ast.FunctionDef]) -> Iterator[tuple[str, ast.AST]]:
    """What hooks put into the callback."""
    for method in methods:
        if not method.name.startswith("on_") or method.name == "on_train_begin":
            continue
        for node in ast.walk(method):
            targets: list[ast.expr] = []
            if isinstance(node, ast.Assign):
                targets = node.targets
            elif isinstance(node, ast.AugAssign):
                targets = [node.target]
            for target in targets:
                if isinstance(target, ast.Attribute) and getattr(target.value, "id", "") == "self":
                    yield target.attr, node


def _tell(
    found: OwnClass, node: ast.AST | None, problems: Problems, message: str, advice: str | None = None
) -> None:
    is_named = isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    place = found.file.name_place(node) if is_named else found.file.place(node or found.node)  # type: ignore[arg-type]
    problems.tell(place, (), message, suggestion=advice)

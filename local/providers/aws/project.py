"""From what the cloud reports to inputs and outputs.

The cloud reports everything that it holds. An input is a value that the user gave, one that has a
documented default, or one that somebody set behind the program's back. What the cloud chose
because nobody did is an output only; else every refresh would invent drift.
"""

from collections.abc import Mapping
from typing import Any, cast

from local.providers.aws.schema import Field, Fields

Properties = dict[str, Any]


def is_empty(value: Any) -> bool:
    """Whether AWS could just as well have left `value` out."""
    return value is None or value in ("", [], {}) or value is False or value == 0


def reconcile(
    fields: Fields, seen: Mapping[str, Any], given: Mapping[str, Any], importing: bool
) -> tuple[Properties, Properties]:
    """Inputs and outputs of a resource that the cloud reports as `seen`.

    Args:
        fields: The inputs there are.
        seen: What the cloud reports, by property name.
        given: The recorded inputs. A seen value that means the same keeps the given form.
        importing: There are no recorded inputs: everything seen counts.
    """
    inputs: Properties = {}
    outputs = {k: v for k, v in seen.items() if k not in fields and v is not None}
    for name, field in fields.items():
        value, output = _one(field, seen.get(name), given.get(name), importing)
        if value is not None:
            inputs[name] = value
        if output is not None:
            outputs[name] = output
    return inputs, outputs


def _one(field: Field, seen: Any, given: Any, importing: bool) -> tuple[Any, Any]:
    if field.kept:
        kept = field.default if given is None else given
        return kept, kept
    if seen is None or (is_empty(seen) and field.default is None):
        # An empty list that was given says the same as none.
        empty_given = given is not None and is_empty(given)
        return (given, given) if empty_given else (None, seen)
    if given is None and not importing:
        if field.computed:
            return None, _outputs_of(field, seen)
        if seen == field.default:
            return None, seen
    everything = importing or given is None
    value, output = _present(field, seen, given, everything)
    return (None if given is None and is_empty(value) and field.fields else value), output


def _present(field: Field, seen: Any, given: Any, everything: bool) -> tuple[Any, Any]:
    if field.fields is not None and _is_object(seen):
        return reconcile(field.fields, _as_dict(seen), _as_dict(given), everything)
    if _is_list(seen):
        return _list(field, seen, given if _is_list(given) else [], everything)
    same = given is not None and (given == seen or (field.same and field.same(given, seen)))
    value = given if same else seen
    return value, value


def means_the_same(field: Field, given: Any, seen: Any) -> bool:
    """Whether the cloud reports, in its own form, what was given."""
    value, _ = _present(field, seen, given, everything=False)
    return value == given


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _as_dict(value: Any) -> Properties:
    return cast("Properties", value) if isinstance(value, dict) else {}


def _outputs_of(field: Field, seen: Any) -> Any:
    return _present(field, seen, None, True)[1]


def _list(
    field: Field, seen: list[Any], given: list[Any], everything: bool
) -> tuple[list[Any], list[Any]]:
    item = Field(fields=field.fields)
    if field.unordered:
        pairs = _pair(item, seen, given)
    else:
        pairs = [(s, given[i] if i < len(given) else None) for i, s in enumerate(seen)]
    both = [_one_item(item, s, g, everything) for s, g in pairs]
    return [value for value, _ in both], [output for _, output in both]


def _one_item(item: Field, seen: Any, given: Any, everything: bool) -> tuple[Any, Any]:
    return _present(item, seen, given, everything or given is None)


def _pair(item: Field, seen: list[Any], given: list[Any]) -> list[tuple[Any, Any]]:
    """Pair each seen item with the given one that it is, in the order of the given ones."""
    rest = list(seen)
    pairs: list[tuple[Any, Any]] = []
    lonely: list[int] = []
    for want in given:
        found = next((s for s in rest if _one_item(item, s, want, False)[0] == want), None)
        if found is None:
            lonely.append(len(pairs))
            pairs.append((None, want))
        else:
            rest.remove(found)
            pairs.append((found, want))
    for index in lonely:
        if rest and item.fields is not None:
            pairs[index] = (rest.pop(0), pairs[index][1])
    return [pair for pair in pairs if pair[0] is not None] + [(s, None) for s in rest]

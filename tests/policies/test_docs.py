"""The page about the policies is what the catalogue says today."""

from llm_platform_policies import catalogue, docs


def test_the_page_is_up_to_date() -> None:
    assert docs.PAGE.read_text(encoding="utf-8") == docs.page(), (
        "run: cd policies && .venv/bin/python -m llm_platform_policies.docs"
    )


def test_every_policy_has_its_anchor() -> None:
    page = docs.page()

    for policy in catalogue.POLICIES:
        assert f'<a id="{policy.anchor.partition("#")[2]}"></a>' in page

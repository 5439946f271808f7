from click.testing import CliRunner

from infra.cli.main import main


def run(*arguments: str) -> tuple[int, str]:
    ended = CliRunner().invoke(main, ["images", "forge", *arguments])
    return ended.exit_code, ended.output


def test_the_plan_says_of_each_image_what_would_become_of_it() -> None:
    code, said = run(
        "--plan", "kserve/agent:v0.20.0", "vllm/vllm-openai:v1", "llm-platform/gateway:0.1.0"
    )
    lines = [" ".join(line.split()) for line in said.splitlines()]
    assert lines == [
        "docker.io/kserve/agent:v0.20.0 forged Go module github.com/kserve/kserve v0.20.0",
        "docker.io/vllm/vllm-openai:v1 simulated It needs NVIDIA's libraries and a GPU.",
        "docker.io/llm-platform/gateway:0.1.0 forged our gateway/Dockerfile",
    ]
    assert code == 0


def test_the_plan_without_names_is_the_whole_table() -> None:
    code, said = run("--plan")
    assert code == 0
    assert "quay.io/jetstack/cert-manager-webhook:v1.21.1" in said
    assert "argoexec:v4.0.6" in said
    assert "Built from v4.0.5, which is the newest one served." in said


def test_what_nobody_knows_is_no_success() -> None:
    code, said = run("--plan", "kserve/agnet:v0.20.0")
    assert code == 1
    assert "unknown" in said


def test_a_wrong_name_is_one_clear_error() -> None:
    code, said = run("--no-pull", "UPPER:1", "example.com/nobody/knows:1")
    assert code in (1, 2)
    assert "'UPPER:1' is no name of an image." in said
    code, said = run("--no-pull", "example.com/nobody/knows:1", "kserve/agnet:v0.20.0")
    assert code in (1, 2)
    assert "example.com/nobody/knows:1" in said
    assert "did you mean docker.io/kserve/agent:v0.20.0?" in said
    assert "Traceback" not in said


def test_only_a_simulated_image_is_said_in_the_exit_code() -> None:
    code, said = run("--no-pull", "nvcr.io/nvidia/tritonserver:26.07-py3")
    assert code == 1
    assert "simulated" in said

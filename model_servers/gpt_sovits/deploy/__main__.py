"""`python -m model_servers.gpt_sovits.deploy create|wait|invoke|delete`: see `--help`."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError

from model_servers.gpt_sovits.deploy.endpoint import DeployError, Endpoint
from model_servers.gpt_sovits.deploy.plan import DEFAULT_AMI, DEFAULT_INSTANCE, Plan, deletions
from model_servers.gpt_sovits.deploy.prices import PricesError, read_prices
from model_servers.gpt_sovits.deploy.settings import SettingsError, checked
from model_servers.gpt_sovits.prefix import PREFIX

_SUMMARY = """\
Put the GPT-SoVITS container behind an endpoint of Amazon SageMaker: create, wait, invoke, delete.
Credentials are those that boto3 finds (AWS_PROFILE, AWS_ACCESS_KEY_ID, the machine's role). An
endpoint costs money from `create` on, whether it is asked or not, until `delete`."""
_TEXT = "Good morning. This is the voice that you have cloned."


def main(argv: Sequence[str] | None = None) -> int:
    """Command line. Returns the exit status: 0, or 1 when it did not work."""
    arguments = _parser().parse_args(argv)
    try:
        _COMMANDS[arguments.command](arguments)
    except (DeployError, PricesError, SettingsError, BotoCoreError, OSError) as error:
        sys.stderr.write(f"deploy: {error}\n")
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("deploy: stopped; what was made is still there\n")
        return 1
    return 0


def _create(arguments: argparse.Namespace) -> None:
    prices = read_prices(arguments.prices)
    plan = Plan(
        name=arguments.name,
        image=arguments.image,
        role=arguments.role,
        model_data=arguments.model_data,
        instance=arguments.instance,
        count=arguments.count,
        ami=arguments.ami,
        environment=checked(arguments.set),
    )
    region = arguments.region or boto3.Session().region_name or ""
    cost = prices.cost(region, plan.instance, plan.count)
    if arguments.dry_run:
        _say("this would be asked of SageMaker, and nothing is:")
        for operation, asked in plan.requests():
            _say(f"{operation} {json.dumps(asked, indent=2)}")
        _say(f"costs: {cost}")
        return
    _say(f"costs: {cost}")
    endpoint = _endpoint(arguments)
    endpoint.create(plan)
    if arguments.no_wait:
        return
    endpoint.wait(arguments.timeout_s)
    _in_service(endpoint)


def _wait(arguments: argparse.Namespace) -> None:
    endpoint = _endpoint(arguments)
    endpoint.wait(arguments.timeout_s)
    _in_service(endpoint)


def _invoke(arguments: argparse.Namespace) -> None:
    body = {"text": arguments.text, "text_language": arguments.text_language}
    if arguments.reference:
        body |= {
            "refer_wav_path": arguments.reference,
            "prompt_text": arguments.reference_text,
            "prompt_language": arguments.reference_language,
        }
    if arguments.dry_run:
        _say(f"this would be asked of {arguments.name}, and nothing is:")
        _say(json.dumps(body, indent=2, ensure_ascii=False))
        return
    file = Path(arguments.out)
    first, length, rate_hz = _endpoint(arguments).invoke(json.dumps(body).encode(), file)
    _say(f"{file}: {length:.1f} s at {rate_hz} Hz, the first of it after {first:.2f} s")


def _delete(arguments: argparse.Namespace) -> None:
    if arguments.dry_run:
        _say("this would be asked of SageMaker, and nothing is:")
        for operation, asked in deletions(arguments.name):
            _say(f"{operation} {json.dumps(asked)}")
        return
    _endpoint(arguments).delete(arguments.timeout_s)
    _say("deleted: it costs nothing any more; images and recordings are still in ECR and S3")


_COMMANDS = {"create": _create, "wait": _wait, "invoke": _invoke, "delete": _delete}


def _endpoint(arguments: argparse.Namespace) -> Endpoint:
    poll_s = getattr(arguments, "poll_s", 15.0)
    return Endpoint(arguments.name, arguments.region, _say, poll_s=poll_s)


def _in_service(endpoint: Endpoint) -> None:
    _say("it speaks; in .env:")
    _say(f"TTS_ENGINE=sagemaker\nTTS_ENDPOINT={endpoint.name}\nAWS_REGION={endpoint.region}")


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m model_servers.gpt_sovits.deploy",
        description=_SUMMARY,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, summary: str, *, dry: bool = True) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=summary, description=summary)
        one.add_argument("name", help="of the endpoint")
        one.add_argument("--region", help="default: the one of AWS's own configuration")
        if dry:
            one.add_argument(
                "--dry-run", action="store_true", help="say what would be asked, and ask nothing"
            )
        return one

    def waits(one: argparse.ArgumentParser) -> None:
        one.add_argument("--timeout-s", type=float, default=2400.0, help="default: 2400")
        one.add_argument("--poll-s", type=float, default=15.0, help=argparse.SUPPRESS)

    create = command("create", "make model, configuration and endpoint, and wait for it")
    create.add_argument("--image", required=True, help="in ECR, of this region")
    create.add_argument("--role", required=True, help="ARN of the role the container works with")
    create.add_argument("--model-data", default="", help="s3://…/model.tar.gz, for /opt/ml/model")
    create.add_argument("--instance", default=DEFAULT_INSTANCE, help=f"default: {DEFAULT_INSTANCE}")
    create.add_argument(
        "--ami",
        default=DEFAULT_AMI,
        help=f"of instances with a GPU, its driver (default: {DEFAULT_AMI})",
    )
    create.add_argument("--count", type=int, default=1, help="instances (default: 1)")
    create.add_argument(
        "--set", action="append", default=[], metavar="NAME=VALUE", help=f"of the server, {PREFIX}…"
    )
    create.add_argument("--prices", type=Path, help="file of prices; default: the package's")
    create.add_argument("--no-wait", action="store_true", help="return when all are asked for")
    waits(create)
    waits(command("wait", "say how it goes until the endpoint is in service", dry=False))
    invoke = command("invoke", "have a text spoken into a WAV file")
    invoke.add_argument("--text", default=_TEXT)
    invoke.add_argument("--text-language", default="auto", help="zh, en, ja, ko, yue or auto")
    invoke.add_argument("--reference", default="", help="s3://…; default: the server's own")
    invoke.add_argument("--reference-text", default="", help="what is said in it")
    invoke.add_argument("--reference-language", default="auto")
    invoke.add_argument("--out", default="speech.wav", help="default: speech.wav")
    waits(command("delete", "delete endpoint, configuration and model"))
    return parser


if __name__ == "__main__":
    sys.exit(main())

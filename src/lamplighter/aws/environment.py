"""A botocore session that reads a given environment instead of the process's.

botocore asks `os.environ` in many places. Here the settings it has a name for (profile, files, region, retries,
FIPS, CA bundle, ...), the credential variables and the endpoint URLs are looked up in a mapping, so that a run is
a function of what it is given. Proxy variables and web identity (`AWS_WEB_IDENTITY_TOKEN_FILE`) stay with botocore
and the process.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from botocore.configprovider import ConfigChainFactory
from botocore.credentials import ContainerProvider, CredentialResolver, EnvProvider, create_credential_resolver
from botocore.exceptions import InvalidConfigError
from botocore.loaders import Loader, create_loader
from botocore.session import Session

from lamplighter import __version__

if TYPE_CHECKING:
    from collections.abc import Mapping

    from botocore.credentials import CredentialProvider

# botocore itself knows only AWS_DEFAULT_REGION; Lambda, the CLI and the other SDKs use AWS_REGION.
REGION_VARIABLES: Final = ["AWS_REGION", "AWS_DEFAULT_REGION"]


def open_session(environ: Mapping[str, str], *, profile: str | None = None, region: str | None = None) -> Session:
    """A session whose settings come from `environ` and the files it names.

    Args:
        environ: variables as in the process's environment; empty values count as not set.
        profile: wins over `AWS_PROFILE`, and then over keys in the environment, as in the AWS CLI.
        region: wins over `AWS_REGION`, `AWS_DEFAULT_REGION` and the profile's region, in this order.
    """
    session = Session(profile=profile)
    chains = ConfigChainFactory(session, {name: value for name, value in environ.items() if value})
    store = session.get_component("config_store")
    for name, (in_file, variables, default, convert) in Session.SESSION_VARIABLES.items():
        chain = chains.create_config_chain(
            instance_name=name,
            env_var_names=REGION_VARIABLES if name == "region" else variables,
            config_property_names=in_file,
            default=default,
            conversion_func=convert,
        )
        store.set_config_provider(name, chain)
    if region:
        session.set_config_variable("region", region)
    session.lazy_register_component("data_loader", lambda: _loader(session.get_config_variable("data_path")))
    session.user_agent_extra = f"lamplighter/{__version__}"
    return session


@cache
def _loader(data_path: str | None) -> Loader:
    # Reading the model of EC2 takes 0.1 s and 20 MB; it is the same for every session of the process.
    return create_loader(data_path)


def credential_chain(session: Session, environ: Mapping[str, str]) -> CredentialResolver:
    """The default chain of providers, with those that read variables reading `environ`.

    Raises:
        botocore.exceptions.BotoCoreError: a profile or file that the settings name does not exist or cannot be read.
    """
    chain = create_credential_resolver(session, region_name=session.get_config_variable("region"))
    own = {"env": EnvProvider(environ=environ), "container-role": ContainerProvider(environ=environ)}
    providers: list[CredentialProvider] = [own.get(each.METHOD, each) for each in chain.providers]
    if environ.get("AWS_EC2_METADATA_DISABLED", "").lower() == "true":
        providers = [each for each in providers if each.METHOD != "iam-role"]
    return CredentialResolver(providers=providers)


def endpoint_url(session: Session, environ: Mapping[str, str], service: str) -> str | None:
    """The configured endpoint of a service, or None for the one AWS publishes.

    Order of the AWS SDKs and Tools Reference Guide, "Service-specific endpoints": variable of the service, variable
    for all, the profile's `services` section, the profile's `endpoint_url`.

    Args:
        session: where the profile is read.
        environ: where the variables are read.
        service: botocore service name, for example `elbv2`.

    Raises:
        botocore.exceptions.BotoCoreError: no such profile, service or `services` section.
    """
    if session.get_config_variable("ignore_configured_endpoint_urls"):
        return None
    name = session.get_service_model(service).service_id.hyphenize().replace("-", "_")
    from_variable = environ.get(f"AWS_ENDPOINT_URL_{name.upper()}") or environ.get("AWS_ENDPOINT_URL")
    if from_variable:
        return from_variable
    profile: Mapping[str, object] = session.get_scoped_config()
    section = profile.get("services")
    sections: Mapping[object, Mapping[str, Mapping[str, str]]] = session.full_config.get("services", {})
    if section is not None and section not in sections:
        raise InvalidConfigError(error_msg=f'the profile names the services section "{section}", which does not exist')
    url = sections.get(section, {}).get(name.lower(), {}).get("endpoint_url") or profile.get("endpoint_url")
    return str(url) if url else None

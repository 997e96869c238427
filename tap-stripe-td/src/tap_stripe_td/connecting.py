"""How Stripe is reached by the settings: with which key, and under which budgets."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_stripe_td.auth import Auth, FixedKey
from tap_stripe_td.client import Client, TokenEndpoint
from tap_stripe_td.config import NO_KEY
from tap_stripe_td.errors import ConfigError
from tap_stripe_td.limiter import Limiter
from tap_stripe_td.oauth import RefreshedKey
from tap_stripe_td.rate_limit import account_per_second

if TYPE_CHECKING:
    from tap_stripe_td.config import Config


def open_client(
    config: Config, api_version: str, agent: str, *, may_exchange: bool = True
) -> Client:
    """Return a client that asks for an API version.

    Args:
        config: The settings.
        api_version: What is asked for where the settings name none.
        agent: What the program calls itself.
        may_exchange: Whether a refresh token may be used up.

    Raises:
        ConfigError: If the settings name neither a key nor an OAuth grant.
        TapError: If OAuth gives no key.
    """
    auth = _open_auth(config, may_exchange=may_exchange)
    limiter = Limiter(config.requests_per_second or account_per_second(auth.key().reveal()))
    return Client(config.base_url, auth, config.api_version or api_version, agent, limiter)


def _open_auth(config: Config, *, may_exchange: bool) -> Auth:
    if (grant := config.grant) is not None:
        endpoint = TokenEndpoint(config.base_url, grant.client_secret)
        return RefreshedKey(
            endpoint, grant.refresh_token, grant.token_file, may_exchange=may_exchange
        )
    if config.key is None:
        raise ConfigError(NO_KEY)
    return FixedKey(config.key)

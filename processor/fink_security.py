"""How Fink's Kafka is spoken to, where that is not as fink_client does."""

from dataclasses import dataclass

from runtime.kafka import ClientSettings
from runtime.refusals import Variables

VARIABLES = Variables(
    servers="FINK_SERVERS",
    protocol="FINK_SECURITY_PROTOCOL",
    authority="FINK_SSL_CA_LOCATION",
    login="FINK_USERNAME, FINK_PASSWORD and FINK_SASL_MECHANISM",
    certificate="",
)


@dataclass(frozen=True, kw_only=True)
class Security:
    """Protocol, mechanism and certificate authority; the defaults change nothing."""

    protocol: str = ""
    """One of Kafka's; empty: what fink_client chooses."""
    mechanism: str = "SCRAM-SHA-512"
    authority: str = ""
    """A file; empty: the system's."""

    def over(self, config: ClientSettings) -> ClientSettings:
        """Return fink_client's ``config`` with what is said here in place of its choice."""
        changed = dict(config)
        if self.protocol:
            changed["security.protocol"] = self.protocol.lower()
        if str(changed.get("security.protocol", "")).startswith("sasl"):
            changed["sasl.mechanism"] = self.mechanism
        else:
            changed = {name: value for name, value in changed.items() if not name.startswith("sasl.")}
        if self.authority:
            changed["ssl.ca.location"] = self.authority
        return changed


AS_FINK_CLIENT = Security()

"""Who asks, and whether he may: every refusal is a 401, and all but one look the same."""

from demo.skyportal.directory import Directory, User
from demo.skyportal.envelope import Refusal

SCHEME = "token "


def token_of(header: str | None) -> str:
    """Return the token of an Authorization header."""
    if header is None or not header.startswith(SCHEME):
        raise Refusal(
            401, 'HTTP 401: Unauthorized (Credentials malformed; expected form "Authorization: token abc123")'
        )
    return header.removeprefix(SCHEME)


def authorize(directory: Directory, token: str, acl: str | None) -> User:
    """Return the token's user. A token without the ACL is answered like one that does not exist."""
    user = directory.tokens.get(token)
    if user is None or (acl is not None and acl not in user.acls):
        raise unauthorized()
    return user


def unauthorized() -> Refusal:
    """Return the answer to an unknown or revoked token and to a missing ACL."""
    return Refusal(401, "HTTP 401: Unauthorized")


def database_down() -> Refusal:
    """Return the answer of the authentication step when there is no database to ask."""
    return Refusal(503, "HTTP 503: Service Unavailable (Database is temporarily unavailable; please retry shortly.)")

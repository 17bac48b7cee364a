#!/bin/sh
# Runs before processors and sinks start: are the settings whole? Then the local topics are created.
# Without settings this is the demo, and its SkyPortal is provisioned, too.
# `docker compose run --rm setup provision` provisions any SkyPortal, for the topics of .env, and creates no local topic.
set -euf

end() {
    echo "setup: $*" >&2
    exit 1
}

provision() {
    options=$(printf '%s,%s' "$ZTF_TOPICS" "$LSST_TOPICS" | tr -d ' ' | tr -s ',' '\n' | sed '/^$/d; s/^/--topic /')
    # shellcheck disable=SC2086  # a word for each option
    python -m sink provision $options "$@"
}

value() {
    eval "printf %s \"\${OWN_$1:-}\""
}

needed="SKYPORTAL_URL SKYPORTAL_TOKEN_FILE KAFKA_TOPIC FINK_GROUP_ID"
all="$needed KAFKA_BOOTSTRAP_SERVERS ZTF_SERVERS ZTF_TOPICS LSST_SERVERS LSST_TOPICS"
[ "$ZTF_PROCESSORS" = 0 ] || needed="$needed ZTF_SERVERS ZTF_TOPICS"
[ "$LSST_PROCESSORS" = 0 ] || needed="$needed LSST_SERVERS LSST_TOPICS"

given=
for name in $all; do
    [ -z "$(value $name)" ] || given="$given $name"
done

if [ -n "$given" ]; then
    # A part of the settings would mix made-up alerts into a real SkyPortal, or real ones into the demo's.
    missing=
    for name in $needed; do
        [ -n "$(value $name)" ] || missing="$missing $name"
    done
    [ -z "$missing" ] || end "not set in .env:$missing (set there:$given). compose.env.example says what they are;" \
        "for the demo, remove .env or use: docker compose --env-file deploy/compose/demo/demo.env -p demo --profile demo up"
    token=$(value SKYPORTAL_TOKEN_FILE) who=$(id -u)
    [ -f "$token" ] || end "there is no file $token: write the token into site/secrets/skyportal/token"
    [ -r "$token" ] || end "user $who of the containers may not read $token: chown $who site/secrets/skyportal/token," \
        "or, if it is yours, set CONTAINER_UID in .env to your own number: id -u"
    [ -s "$token" ] || end "$token is empty: write the token into site/secrets/skyportal/token"
    [ "$ZTF_PROCESSORS" != 0 ] || ZTF_TOPICS=
    [ "$LSST_PROCESSORS" != 0 ] || LSST_TOPICS=
else
    python -c 'import socket; socket.gethostbyname("demo-skyportal")' 2>/dev/null ||
        end "nothing is set: copy compose.env.example to .env and fill it in," \
            "or see a demo: docker compose --profile demo up"
    [ "${1:-}" = provision ] || provision
fi
if [ "${1:-}" = provision ]; then
    shift
    provision "$@"
else
    exec python -m sink topics
fi

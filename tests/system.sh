# Installs what the tests need beside Python, if this machine lets us; else says what is missing.
missing=
command -v chromium >/dev/null || command -v chromium-browser >/dev/null || missing="$missing chromium"
command -v bwrap >/dev/null || missing="$missing bubblewrap"
test -z "$missing" && exit 0

as=
test "$(id -u)" = 0 || as="sudo -n"
if command -v apt-get >/dev/null && $as true 2>/dev/null; then
    echo "installing$missing"
    if $as apt-get update -qq && DEBIAN_FRONTEND=noninteractive $as apt-get install -y -qq --no-install-recommends $missing >/dev/null; then
        exit 0
    fi
fi
echo "missing:$missing (tests that need them are skipped; install them with the system's package manager)"

"""The organizations and people of the history, and the `actor` objects of people and machines."""

from dataclasses import dataclass, field

from local_feed.history.ids import number, opaque, opaque_uuid

BROWSERS = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Claude/1.24 (iPhone; iOS 19.1)",
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/139.0 Safari/537.36",
)
SCRIPTS = (
    "python-httpx/0.28.1",
    "curl/8.9.1",
    "siem-collector/4.2 (+https://siem.example.com)",
    "Go-http-client/2.0",
)


@dataclass(frozen=True)
class Organization:
    """One organization under the parent, with both of its ids."""

    name: str
    id: str
    uuid: str
    domain: str


@dataclass
class Person:
    """A person with a fixed user id and email addresses that can change."""

    name: str
    user_id: str
    emails: list[tuple[int, str]]
    addresses: tuple[str, ...] = ()
    browsers: tuple[str, ...] = ()

    def email(self, at: int) -> str:
        """The email address at a time (microseconds)."""
        return [email for since, email in self.emails if since <= at or since == self.emails[0][0]][-1]


@dataclass
class Cast:
    """The organizations of one seed, and people by first name."""

    seed: int
    meridian: Organization = field(init=False)
    console: Organization = field(init=False)
    harbor: Organization = field(init=False)
    trial: Organization = field(init=False)
    people: dict[str, Person] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.meridian = self._organization("Meridian Labs", "meridian.example")
        self.console = self._organization("Meridian Console", "meridian.example")
        self.harbor = self._organization("Harbor & Søn A/S", "harbor.example")
        self.trial = self._organization("Meridian Trial", "meridian.example")

    @property
    def organizations(self) -> tuple[Organization, ...]:
        """All organizations under the parent."""
        return (self.meridian, self.console, self.harbor, self.trial)

    def _organization(self, name: str, domain: str) -> Organization:
        return Organization(name, opaque("org", self.seed, name), opaque_uuid(self.seed, name), domain)

    def person(self, key: str, name: str, email: str, since: int = 0) -> Person:
        """Add a person. `key`: the name that stories use."""
        office = f"203.0.113.{1 + number(40, self.seed, 'office', key)}"
        home = f"198.51.100.{1 + number(250, self.seed, 'home', key)}"
        roaming = f"2001:db8:{number(65536, 'net', key):x}:{number(65536, self.seed, 'host', key):x}::1"
        first = number(len(BROWSERS), self.seed, "browser", key)
        browsers = (BROWSERS[first], BROWSERS[2])
        person = Person(name, opaque("user", self.seed, key), [(since, email)], (office, home, roaming), browsers)
        self.people[key] = person
        return person

    @property
    def compliance_key_id(self) -> str:
        """The id under which the server's compliance key acts."""
        return opaque("apikey", self.seed, "compliance key")

    @property
    def unscoped_key_id(self) -> str:
        """The id under which the server's key without the scope acts."""
        return opaque("apikey", self.seed, "directory key")

    @property
    def admin_key_id(self) -> str:
        """The id under which the server's admin key was made; it acts as `apikey_…` with the same ending."""
        return opaque("admin_api_key", self.seed, "admin key")


def acting(key_id: str) -> str:
    """The id under which a key acts: `apikey_` and the part after the last `_`."""
    return f"apikey_{key_id.rpartition('_')[2]}"


def user_actor(person: Person, at: int) -> dict[str, object]:
    """The actor object of a person at a time."""
    pick = number(1 << 30, person.user_id, at)
    return {
        "type": "user_actor",
        "user_id": person.user_id,
        "email_address": person.email(at),
        "ip_address": person.addresses[pick % len(person.addresses)],
        "user_agent": person.browsers[pick % len(person.browsers)],
    }


def machine_actor(kind: str, id_field: str, machine_id: str) -> dict[str, object]:
    """The actor object of a key or service account. It always has the same address."""
    pick = number(1 << 30, machine_id)
    return {
        "type": kind,
        id_field: machine_id,
        "ip_address": f"192.0.2.{1 + pick % 250}",
        "user_agent": SCRIPTS[pick % len(SCRIPTS)],
    }


def api_actor(key_id: str) -> dict[str, object]:
    """The actor object of a key."""
    return machine_actor("api_actor", "api_key_id", key_id)


def admin_key_actor(key_id: str) -> dict[str, object]:
    """The actor object of an admin key under its own id."""
    return machine_actor("admin_api_key_actor", "admin_api_key_id", key_id)


def service_actor(account_id: str) -> dict[str, object]:
    """The actor object of a service account."""
    return machine_actor("service_account_actor", "service_account_id", account_id)


def scim_actor(directory: str, event: object) -> dict[str, object]:
    """The actor object of an identity provider's directory sync."""
    return {
        "type": "scim_directory_sync_actor",
        "workos_event_id": opaque("event", directory, event),
        "directory_id": directory,
        "idp_connection_type": "OktaSCIMV2.0",
    }


ANTHROPIC: dict[str, object] = {"type": "anthropic_actor", "email_address": None}


def stranger(email: str | None, at: int) -> dict[str, object]:
    """The actor object of an unauthenticated user. `email`: what they typed."""
    return {
        "type": "unauthenticated_user_actor",
        "unauthenticated_email_address": email,
        "ip_address": f"198.18.{at % 200}.{at % 251}",
        "user_agent": BROWSERS[at % len(BROWSERS)],
    }

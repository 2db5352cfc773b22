#!/usr/bin/env python3
"""A small model of the rules of EC2's Allowed AMIs, to hold the program's own evaluation against.

    allowed_model.py < CASES.json            verdicts of a list of cases, as a list in the same order
    allowed_model.py --generate SEED N       N cases with their verdicts: the table below, then random ones
    allowed_model.py --self-test             the table against the model

A case is {"image", "settings", "account", "now", "source"}: an entry of describe-images ("source": "images") or the
ImageMetadata of describe-instance-image-metadata ("source": "metadata"), the answer of get-allowed-images-settings, whose
account asks, and when. A verdict is {"verdict": "allowed" | "not-allowed" | "undecided", "why": [...], "periods": ...}.
`why` names what an undecided one lacks. How AWS rounds days is not documented, so between n and n + 1 days is undecided;
`periods` is the verdict where whole periods of 24 hours are counted, which a program may do instead if it says so.

Written from the documentation of EC2 and its service model alone. Three values: True, False, and None for unknown.
"""
import datetime
import json
import random
import re
import sys

SEVERITIES = ["informational", "low", "medium", "high", "critical"]
DAY = 86400


class Judge:
    """One case. `why` collects what could not be decided."""

    def __init__(self, case, periods=False):
        self.image, self.settings = case["image"], case["settings"]
        self.account, self.metadata = case["account"], case["source"] == "metadata"
        self.now = when(case["now"])
        self.why, self.periods = [], periods

    def unknown(self, why):
        self.why.append(why)
        return None

    def verdict(self):
        return {True: "allowed", False: "not-allowed", None: "undecided"}[self.allowed()]

    def allowed(self):
        owner, state = self.image.get("OwnerId"), self.settings.get("State")
        if state == "disabled" or (owner is not None and owner == self.account):
            return True
        if state not in ("enabled", "audit-mode"):
            return self.unknown("settings.State")
        criteria = self.settings.get("ImageCriteria") or []
        # What no criterion at all means while enabled is not documented.
        some = any_of([self.criterion(c) for c in criteria]) if criteria else self.unknown("settings.ImageCriteria")
        if owner is None and some is False:
            return self.unknown("image.OwnerId")  # it may be one's own
        return some

    def criterion(self, criterion):
        """All its conditions. `{}` is what an old client leaves of a condition it does not know: no answer."""
        if not criterion:
            return self.unknown("criterion {}")
        conditions = {
            "ImageProviders": self.providers,
            "ImageNames": self.names,
            "MarketplaceProductCodes": self.product_codes,
            "CreationDateCondition": self.created,
            "DeprecationTimeCondition": self.deprecated,
            "ImageWatermarks": self.watermarks,
            "ScanResultCondition": self.scanned,
        }
        return all_of([conditions[key](value) if key in conditions else self.unknown("criterion." + key)
                       for key, value in criterion.items()])

    def providers(self, values):
        def one(value):
            if value == "none":
                return False  # nobody but oneself
            if value in ("amazon", "aws-marketplace", "aws-backup-vault"):
                return self.image.get("ImageOwnerAlias") == value
            if re.fullmatch(r"\d{12}", value):
                owner = self.image.get("OwnerId")
                return self.unknown("image.OwnerId") if owner is None else owner == value
            return self.unknown("provider " + value)
        return any_of([one(v) for v in values])

    def names(self, patterns):
        name = self.image.get("Name")
        if name is None:
            return self.unknown("image.Name")
        return any_of([self.glob(p, name, "case of names") for p in patterns])

    def glob(self, pattern, text, what):
        """`*` and `?`, otherwise exact. Whether case counts is not documented."""
        regex = "".join({"*": ".*", "?": "."}.get(c, re.escape(c)) for c in pattern)
        if re.fullmatch(regex, text, re.S):
            return True
        return self.unknown(what) if re.fullmatch(regex, text, re.S | re.I) else False

    def product_codes(self, codes):
        if self.metadata:
            return self.unknown("image.ProductCodes")
        return any(code.get("ProductCodeId") in codes for code in self.image.get("ProductCodes") or [])

    def within(self, text, days, what):
        """At most so many days since. Between n and n + 1 it depends on the rounding."""
        then = when(text)
        if then is None or not isinstance(days, int):
            return self.unknown(what)
        age = (self.now - then).total_seconds()
        if age <= days * DAY:
            return True
        if age >= (days + 1) * DAY:
            return False
        return True if self.periods else self.unknown("rounding of days: " + what)

    def created(self, condition):
        return self.fields(condition, {
            "MaximumDaysSinceCreated": lambda n: self.within(self.image.get("CreationDate"), n, "image.CreationDate")},
            "CreationDateCondition")

    def deprecated(self, condition):
        text = self.image.get("DeprecationTime")

        def limit(days):
            if text is None:
                return True
            then = when(text)
            if then is None:
                return self.unknown("image.DeprecationTime")
            if then > self.now:
                return True
            if days == 0:  # none that is deprecated
                return False if then < self.now else self.unknown("deprecated at this very moment")
            return self.within(text, days, "image.DeprecationTime")
        return self.fields(condition, {"MaximumDaysSinceDeprecated": limit}, "DeprecationTimeCondition")

    def watermarks(self, filters):
        """One filter is enough; all its fields must fit one and the same watermark."""
        marks = self.image.get("ImageWatermarks") or []

        def fits(wanted, mark):
            def text(key):
                def check(pattern):
                    value = mark.get(key)
                    if value is None:
                        return self.unknown("watermark." + key)
                    return self.glob(pattern, value, "case of watermarks")
                return check

            def since(key):
                return lambda days: self.within(mark.get(key), days, "watermark." + key)
            return self.fields(wanted, {
                "WatermarkKey": text("WatermarkKey"),
                "SourceImageRegion": text("SourceImageRegion"),
                "MaximumDaysSinceSourceImageCreated": since("SourceImageCreationTime"),
                "MaximumDaysSinceWatermarkCreated": since("WatermarkCreationTime"),
            }, "ImageWatermarks")
        return any_of([fits(f, m) for f in filters for m in marks])

    def scanned(self, condition):
        if self.metadata:
            return self.unknown("image.ScanResults")
        results = self.image.get("ScanResults")
        if not results:
            return False  # an image that was not scanned fails

        def severity(limit):
            found = results.get("HighestFindingSeverityLabel")
            if found is None:
                return True  # no finding
            if found not in SEVERITIES or limit not in SEVERITIES:
                return self.unknown("severity")
            return SEVERITIES.index(found) <= SEVERITIES.index(limit)

        def fix(name):
            def check(days):
                since = results.get(name + "FixAvailableSince")
                return True if since is None else self.within(since, days, f"image.ScanResults.{name}FixAvailableSince")
            return check
        known = {"MaximumSeverityLabel": severity,
                 "MaxDaysSinceLastFindingScan": lambda days: self.within(
                     results.get("FindingScanDate"), days, "image.ScanResults.FindingScanDate")}
        for label in SEVERITIES:
            known[f"MaxDaysSince{label.capitalize()}FixAvailable"] = fix(label.capitalize())
        return self.fields(condition, known, "ScanResultCondition")

    def fields(self, condition, known, what):
        """All fields of a condition; none, or one that we do not know, is no answer."""
        if not condition:
            return self.unknown(what + " {}")
        return all_of([known[key](value) if key in known else self.unknown(f"{what}.{key}")
                       for key, value in condition.items()])


def any_of(values):
    return True if True in values else None if None in values else False


def all_of(values):
    return False if False in values else None if None in values else True


def when(text):
    if not isinstance(text, str):
        return None
    try:
        time = datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        return None
    return time if time.tzinfo else time.replace(tzinfo=datetime.timezone.utc)


def judge(case):
    strict = Judge(case)
    verdict = strict.verdict()
    why = sorted(set(strict.why)) if verdict == "undecided" else []
    return {"verdict": verdict, "why": why, "periods": Judge(case, periods=True).verdict()}


# --- Cases ---

NOW = datetime.datetime(2026, 11, 29, 12, tzinfo=datetime.timezone.utc)
OWN, CANONICAL, X, Y = "111122223333", "099720109477", "444455556666", "777788889999"


def ago(milliseconds=True, **since):
    time = NOW - datetime.timedelta(**since)
    return time.strftime("%Y-%m-%dT%H:%M:%S") + (".000Z" if milliseconds else "Z")


def image(owner=X, name="golden-1", **more):
    return {"ImageId": "ami-0123456789abcdef0", "Name": name, "OwnerId": owner, "CreationDate": ago(days=10), **more}


def mark(key, **since):
    return {"WatermarkKey": key, "SourceImageRegion": "us-east-1", "SourceImageId": "ami-0fedcba9876543210",
            "SourceImageCreationTime": ago(days=200), "WatermarkCreationTime": ago(**since)}


def case(img, *criteria, state="enabled", source="images"):
    return {"image": img, "settings": {"State": state, "ImageCriteria": list(criteria), "ManagedBy": "account"},
            "account": OWN, "now": NOW.strftime("%Y-%m-%dT%H:%M:%SZ"), "source": source}


def table():
    """Pairs of a case and its verdict, as one reads them from the documentation."""
    yes, no, open_ = "allowed", "not-allowed", "undecided"
    dep = lambda n: {"DeprecationTimeCondition": {"MaximumDaysSinceDeprecated": n}}
    made = lambda n: {"CreationDateCondition": {"MaximumDaysSinceCreated": n}}
    by = lambda *who: {"ImageProviders": list(who)}
    named = lambda *what: {"ImageNames": list(what)}
    scan = lambda **fields: {"ScanResultCondition": fields}
    old = image(DeprecationTime=ago(days=5))
    two_marks = image(ImageWatermarks=[mark(X + ":a", days=100), mark(X + ":b", days=1)])
    scanned = lambda **fields: image(ScanResults={"FindingScanDate": ago(days=2), **fields})
    amazon = image(CANONICAL, "ubuntu/images/x", ImageOwnerAlias="amazon")
    return [
        (case(image(OWN), by("none")), yes),
        (case(image(OWN), {}), yes),
        (case(image(OWN, CreationDate=ago(days=900)), made(0)), yes),
        (case(image(OWN, ImageOwnerAlias=OWN), by("none"), source="metadata"), yes),
        (case(image(), by("none")), no),
        (case(amazon, by("amazon")), yes),
        (case(image(CANONICAL), by("amazon")), no),
        (case(amazon, by(CANONICAL)), yes),
        (case(amazon, by(X, Y)), no),
        (case(image(ImageOwnerAlias="aws-backup-vault"), by("amazon", "aws-marketplace")), no),
        (case(image(ImageOwnerAlias="aws-backup-vault"), by("aws-backup-vault")), yes),
        (case(image(ImageOwnerAlias="aws-marketplace"), by("aws-marketplace")), yes),
        (case(image(), {**by(X), **named("golden-?")}), yes),
        (case(image(name="golden-10"), {**by(X), **named("golden-?")}), no),
        (case(image(name="other"), {**by(X), **named("golden-*")}), no),
        (case(image(Y), named("golden-*")), yes),
        (case(image(Y, "Golden-1"), named("golden-*")), open_),
        (case(image(name="a[1](x).y"), named("a[1](x).y")), yes),
        (case(image(name="a1(x).y"), named("a[1](x).y")), no),
        (case(old, {**by(X), **dep(0)}), no),
        (case(old, {**by(X), **dep(30)}), yes),
        (case(old, dep(5)), yes),
        (case(old, dep(4)), no),
        (case(image(DeprecationTime=ago(days=5, seconds=1)), dep(5)), open_),
        (case(image(DeprecationTime=ago(days=6)), dep(5)), no),
        (case(image(DeprecationTime=ago(days=-1)), dep(0)), yes),
        (case(image(), dep(0)), yes),
        (case(image(DeprecationTime=ago(seconds=1)), dep(0)), no),
        (case(image(CreationDate=ago(days=400)), made(300)), no),
        (case(image(CreationDate=ago(days=300)), made(300)), yes),
        (case(image(CreationDate=ago(days=300, seconds=1)), made(300)), open_),
        (case(image(CreationDate=ago(days=301)), made(300)), no),
        (case(image(CreationDate=ago(days=-1)), made(0)), yes),
        (case(image(CreationDate="yesterday"), made(300)), open_),
        (case(image(CreationDate=ago(False, days=3)), made(300), source="metadata"), yes),
        (case(two_marks, {"ImageWatermarks": [{"WatermarkKey": X + ":a", "MaximumDaysSinceWatermarkCreated": 90}]}), no),
        (case(two_marks, {"ImageWatermarks": [{"WatermarkKey": X + ":a"}, {"MaximumDaysSinceWatermarkCreated": 90}]}), yes),
        (case(two_marks, {"ImageWatermarks": [{"WatermarkKey": X + ":?", "SourceImageRegion": "us-*"}]}), yes),
        (case(two_marks, {"ImageWatermarks": [{"WatermarkKey": X + ":*", "SourceImageRegion": "eu-*"}]}), no),
        (case(two_marks, {"ImageWatermarks": [{"MaximumDaysSinceSourceImageCreated": 199}]}), no),
        (case(image(), {"ImageWatermarks": [{"WatermarkKey": "*"}]}), no),
        (case(image(), scan(MaximumSeverityLabel="critical")), no),
        (case(image(), scan()), no),
        (case(image(), scan(MaximumSeverityLabel="critical"), source="metadata"), open_),
        (case(scanned(), scan(MaximumSeverityLabel="informational")), yes),
        (case(scanned(HighestFindingSeverityLabel="high"), scan(MaximumSeverityLabel="medium")), no),
        (case(scanned(HighestFindingSeverityLabel="medium"), scan(MaximumSeverityLabel="medium")), yes),
        (case(scanned(), scan(MaxDaysSinceLastFindingScan=1)), no),
        (case(scanned(), scan(MaxDaysSinceCriticalFixAvailable=3)), yes),
        (case(scanned(CriticalFixAvailableSince=ago(days=9)), scan(MaxDaysSinceCriticalFixAvailable=3)), no),
        (case(scanned(CriticalFixAvailableSince=ago(days=9)), scan(MaxDaysSinceHighFixAvailable=3)), yes),
        (case(image(ProductCodes=[{"ProductCodeId": "abc", "ProductCodeType": "marketplace"}]),
              {"MarketplaceProductCodes": ["abc", "def"]}), yes),
        (case(image(), {"MarketplaceProductCodes": ["abc"]}), no),
        (case(image(), {"MarketplaceProductCodes": ["abc"]}, source="metadata"), open_),
        (case(image(), {**by(Y), "MarketplaceProductCodes": ["abc"]}, source="metadata"), no),
        (case(image(), by(Y), {"MarketplaceProductCodes": ["abc"]}, source="metadata"), open_),
        (case(image(), by(X), {"MarketplaceProductCodes": ["abc"]}, source="metadata"), yes),
        (case(image(), {}), open_),
        (case(image(), by(Y), {}), open_),
        (case(image(), by(X), {}), yes),
        (case(image()), open_),
        (case(image(), by(Y), state="disabled"), yes),
        (case(image(), state="disabled"), yes),
        (case(image(), by(Y), state="audit-mode"), no),
        (case(image(), by(X), state="off"), open_),
        (case(image(), {**by(X), "ImageMoods": ["good"]}), open_),
        (case(image(), {**by(Y), "ImageMoods": ["good"]}), no),
        (case(image(), {"CreationDateCondition": {"MinimumDaysSinceCreated": 3}}), open_),
        (case({"ImageId": "ami-0123456789abcdef0", "Name": "golden-1", "CreationDate": ago(days=1)}, by(X)), open_),
        (case({"ImageId": "ami-0123456789abcdef0", "Name": "golden-1", "CreationDate": ago(days=1)}, named("x*")), open_),
    ]


def random_case(rng):
    pick, maybe = rng.choice, lambda share=0.5: rng.random() < share
    source = pick(["images", "images", "metadata"])
    limits = [0, 1, 30, 90, 300, 2147483647]

    def moment():
        """Often just at a limit, to the second."""
        days = pick(limits[:-1] + [2, 400, -3])
        return ago(source == "images", days=days, seconds=pick([0, 0, 1, -1, 3600, 86399, -86399]))

    owner = pick([OWN, CANONICAL, CANONICAL, X, X, X, X, Y, Y, Y])
    alias = pick([None, None, "amazon", "aws-marketplace", "aws-backup-vault"]) if owner != OWN else None
    names = ["golden-1", "golden-10", "Golden-1", "ubuntu/images/hvm-ssd/ubuntu-24.04", "a.b", "axb", "x"]
    img = image(owner, pick(names), CreationDate=moment())
    if source == "metadata" and owner == OWN:
        alias = OWN
    if alias:
        img["ImageOwnerAlias"] = alias
    if maybe(0.4):
        img["DeprecationTime"] = moment()
    if maybe(0.4):
        img["ImageWatermarks"] = [
            {"WatermarkKey": pick([X, Y]) + ":" + pick(["base", "prod", "Prod"]), "SourceImageId": "ami-0fedcba9876543210",
             "SourceImageRegion": pick(["us-east-1", "eu-west-1"]),
             "SourceImageCreationTime": moment(), "WatermarkCreationTime": moment()}
            for _ in range(rng.randint(1, 3))]
    if source == "images" and maybe():
        results = {"FindingScanDate": moment()}
        if maybe(0.7):
            results["HighestFindingSeverityLabel"] = pick(SEVERITIES)
        for label in SEVERITIES:
            if maybe(0.2):
                results[label.capitalize() + "FixAvailableSince"] = moment()
        img["ScanResults"] = results
    if source == "images" and maybe(0.3):
        img["ProductCodes"] = [{"ProductCodeId": pick(["abc", "xyz9"]), "ProductCodeType": "marketplace"}]
    for key in ("Name", "OwnerId", "CreationDate"):
        if maybe(0.03):
            del img[key]

    def some(values, most=3):
        return rng.sample(values, rng.randint(1, min(most, len(values))))

    def watermark():
        parts = {"WatermarkKey": pick([X + ":*", "*:prod", Y + ":ba?e", "*"]),
                 "SourceImageRegion": pick(["us-*", "eu-west-1"]),
                 "MaximumDaysSinceSourceImageCreated": pick(limits), "MaximumDaysSinceWatermarkCreated": pick(limits)}
        return {key: parts[key] for key in some(sorted(parts))}

    def scan():
        parts = {"MaximumSeverityLabel": pick(SEVERITIES), "MaxDaysSinceLastFindingScan": pick(limits)}
        for label in SEVERITIES:
            parts[f"MaxDaysSince{label.capitalize()}FixAvailable"] = pick(limits)
        return {key: parts[key] for key in some(sorted(parts))}

    providers = ["amazon", "aws-marketplace", "aws-backup-vault", X, Y, CANONICAL]

    def criterion():
        if maybe(0.06):
            return {}
        parts = {
            "ImageProviders": ["none"] if maybe(0.1) else some(providers),
            "ImageNames": some(["golden-*", "golden-?", "*", "a.b", "ubuntu/images/*", "nothing"]),
            "MarketplaceProductCodes": some(["abc", "def"]),
            "CreationDateCondition": {"MaximumDaysSinceCreated": pick(limits)},
            "DeprecationTimeCondition": {"MaximumDaysSinceDeprecated": pick(limits)},
            "ImageWatermarks": [watermark() for _ in range(rng.randint(1, 2))],
            "ScanResultCondition": scan(),
            "ImageMoods": ["good"],  # a condition of the future
        }
        weights = [4, 3, 2, 4, 4, 4, 3, 0.5]
        return {key: parts[key] for key in set(rng.choices(list(parts), weights, k=rng.randint(1, 4)))}

    made = case(img, *[criterion() for _ in range(rng.randint(0, 4) or rng.randint(0, 1))],
                state=pick(["enabled"] * 5 + ["audit-mode"] * 5 + ["disabled"]), source=source)
    # Sets have no order that is the same on every run.
    made["settings"]["ImageCriteria"] = [dict(sorted(c.items())) for c in made["settings"]["ImageCriteria"]]
    return made


def main(arguments):
    if arguments[:1] == ["--generate"] and len(arguments) == 3:
        rng, count = random.Random(int(arguments[1])), int(arguments[2])
        cases = [c for c, _ in table()][:count]
        cases += [random_case(rng) for _ in range(count - len(cases))]
        json.dump([{**c, **judge(c)} for c in cases], sys.stdout, indent=1)
        print()
    elif arguments == ["--self-test"]:
        wrong = [(c, want, judge(c)) for c, want in table() if judge(c)["verdict"] != want]
        for one in wrong:
            print(json.dumps(one), file=sys.stderr)
        print(f"{len(table())} cases, {len(wrong)} wrong")
        return 1 if wrong else 0
    elif not arguments:
        json.dump([judge(c) for c in json.load(sys.stdin)], sys.stdout, indent=1)
        print()
    else:
        print(__doc__, file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

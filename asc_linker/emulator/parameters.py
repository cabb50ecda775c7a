"""Which query parameters each endpoint takes, as Apple's OpenAPI spec 4.4.1 has them.

A subset: parameters about what no world holds (beta groups, beta review, Game Center) are refused.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl

from asc_linker.emulator.problems import Problem, Refused, illegal_parameter, invalid_parameter
from asc_linker.emulator.words import (
    APP_STORE_STATES,
    AppVersionState,
    BuildAudienceType,
    BuildUploadState,
    Platform,
    ProcessingState,
)

Words = tuple[str, ...]
ANY: Words = ()
"""No list of values: whatever is given is looked for."""
_BOOLEAN: Words = ("true", "false")
_PAGE = 50
_INCLUDED_PAGE = 10

FIELDS: Mapping[str, Words] = {
    kind: tuple(names.split())
    for kind, names in {
        "apps": """accessibilityUrl name bundleId sku primaryLocale isOrEverWasMadeForKids
            subscriptionStatusUrl subscriptionStatusUrlVersion subscriptionStatusUrlForSandbox
            subscriptionStatusUrlVersionForSandbox contentRightsDeclaration
            streamlinedPurchasingEnabled accessibilityDeclarations appEncryptionDeclarations
            appStoreIcon ciProduct betaTesters betaGroups appStoreVersions appTags
            preReleaseVersions betaAppLocalizations builds betaLicenseAgreement
            betaAppReviewDetail appInfos appClips appPricePoints endUserLicenseAgreement
            appPriceSchedule appAvailabilityV2 inAppPurchases subscriptionGroups
            gameCenterEnabledVersions perfPowerMetrics appCustomProductPages inAppPurchasesV2
            promotedPurchases appEvents reviewSubmissions subscriptionGracePeriod customerReviews
            customerReviewSummarizations gameCenterDetail appStoreVersionExperimentsV2
            alternativeDistributionKey analyticsReportRequests marketplaceSearchDetail buildUploads
            backgroundAssets betaFeedbackScreenshotSubmissions betaFeedbackCrashSubmissions
            searchKeywords webhooks androidToIosAppMappingDetails""",
        "appStoreVersions": """platform versionString appStoreState appVersionState copyright
            reviewType releaseType earliestReleaseDate usesIdfa downloadable createdDate app
            appStoreVersionLocalizations build appStoreVersionPhasedRelease gameCenterAppVersion
            routingAppCoverage appStoreReviewDetail appStoreVersionSubmission
            appClipDefaultExperience appStoreVersionExperiments appStoreVersionExperimentsV2
            customerReviews alternativeDistributionPackage""",
        "builds": """version uploadedDate expirationDate expired minOsVersion
            lsMinimumSystemVersion computedMinMacOsVersion computedMinVisionOsVersion
            iconAssetToken processingState buildAudienceType usesNonExemptEncryption
            preReleaseVersion individualTesters betaGroups betaBuildLocalizations
            appEncryptionDeclaration betaAppReviewSubmission app buildBetaDetail appStoreVersion
            icons buildBundles buildUpload perfPowerMetrics diagnosticSignatures""",
        "preReleaseVersions": "version platform builds app",
        "buildBetaDetails": "autoNotifyEnabled internalBuildState externalBuildState build",
        "buildUploads": """cfBundleShortVersionString cfBundleVersion createdDate state platform
            uploadedDate build assetFile assetDescriptionFile assetSpiFile buildUploadFiles""",
    }.items()
}


@dataclass(frozen=True, slots=True)
class Parameters:
    """What one endpoint takes: for each parameter of a comma list, the words it may hold."""

    lists: Mapping[str, Words] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)

    @property
    def is_paged(self) -> bool:
        return "limit" in self.limits


@dataclass(frozen=True, slots=True)
class Query:
    """The query of one request, checked."""

    given: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    cursor: str | None = None

    @property
    def include(self) -> tuple[str, ...]:
        return self.given.get("include", ())

    @property
    def sort(self) -> tuple[str, ...]:
        return self.given.get("sort", ())

    @property
    def limit(self) -> int:
        return self.limits.get("limit", _PAGE)

    def fields(self, kind: str) -> tuple[str, ...] | None:
        return self.given.get(f"fields[{kind}]")

    def limit_of(self, relationship: str) -> int:
        return self.limits.get(f"limit[{relationship}]", _INCLUDED_PAGE)

    def filters(self) -> Iterable[tuple[str, tuple[str, ...]]]:
        return (
            (name, values)
            for name, values in self.given.items()
            if name.startswith(("filter[", "exists["))
        )


def read_query(text: str, parameters: Parameters, refused_filters: tuple[str, ...]) -> Query:
    """The query string `text`, as `parameters` allow it.

    Raises Refused: 400 with a problem for each parameter that Apple would not take.
    """
    pairs = parse_qsl(text, keep_blank_values=True)
    problems: list[Problem] = []
    lists: dict[str, tuple[str, ...]] = {}
    limits: dict[str, int] = {}
    cursor = None
    for name, value in pairs:
        if name in lists or name in limits:
            problems.append(invalid_parameter(name, f"The parameter '{name}' is given twice"))
        elif name in refused_filters:
            problems.append(_unknown(name))
        elif name in parameters.limits:
            limits[name] = _limit(name, value, parameters.limits[name], problems)
        elif name in parameters.lists:
            lists[name] = tuple(value.split(","))
            problems += _bad_words(name, lists[name], parameters.lists[name])
        elif name == "cursor" and parameters.is_paged:
            cursor = value
        else:
            problems.append(_unknown(name))
    if problems:
        raise Refused(400, *problems)
    return Query(lists, limits, cursor)


def _unknown(name: str) -> Problem:
    if name.startswith("filter["):
        return invalid_parameter(name, f"'{name[7:-1]}' is not a valid filter type")
    return illegal_parameter(name)


def _limit(name: str, value: str, most: int, problems: list[Problem]) -> int:
    if value.isascii() and value.isdigit() and 1 <= int(value) <= most:
        return int(value)
    detail = f"'{value}' is not a valid limit: it should be between 1 and {most}"
    problems.append(invalid_parameter(name, detail))
    return 1


def _bad_words(name: str, values: tuple[str, ...], allowed: Words) -> list[Problem]:
    kind = name.partition("[")[0]
    noun = {"include": "relationship name", "fields": "field name", "sort": "sort parameter"}
    return [
        invalid_parameter(name, f"'{value}' is not a valid {noun.get(kind, 'filter value')}")
        for value in values
        if value == "" or (allowed and value not in allowed)
    ]


def _endpoint(
    shown: tuple[str, str],
    *,
    sort: str = "",
    limits: Mapping[str, int] | None = None,
    filters: Mapping[str, Iterable[str]] | None = None,
) -> Parameters:
    """`shown` names the types that `fields[…]` may narrow, and what may be included."""
    fields, include = shown
    lists: dict[str, Words] = {f"fields[{kind}]": FIELDS[kind] for kind in fields.split()}
    lists |= {name: tuple(words) for name, words in (filters or {}).items()}
    if include:
        lists["include"] = tuple(include.split())
    if sort:
        lists["sort"] = tuple(sign + key for key in sort.split() for sign in ("", "-"))
    return Parameters(lists, limits or {})


_OF_AN_APP = (
    "apps appStoreVersions preReleaseVersions builds",
    "appStoreVersions preReleaseVersions builds",
)
_LIMITS_OF_AN_APP = {
    f"limit[{name}]": 50 for name in ("appStoreVersions", "builds", "preReleaseVersions")
}
_OF_A_VERSION = ("appStoreVersions apps builds", "app build")
_OF_A_BUILD = (
    "builds preReleaseVersions apps buildBetaDetails appStoreVersions buildUploads",
    "preReleaseVersion app buildBetaDetail appStoreVersion buildUpload",
)
_OF_AN_UPLOAD = ("buildUploads builds", "build")
_LIMIT = {"limit": 200}
_NOTHING = Parameters()

PARAMETERS: Mapping[str, Parameters] = {
    "GET /v1/apps": _endpoint(
        _OF_AN_APP,
        sort="name bundleId sku",
        limits=_LIMIT | _LIMITS_OF_AN_APP,
        filters={
            "filter[name]": ANY,
            "filter[bundleId]": ANY,
            "filter[sku]": ANY,
            "filter[id]": ANY,
            "filter[appStoreVersions]": ANY,
            "filter[appStoreVersions.platform]": Platform,
            "filter[appStoreVersions.appStoreState]": APP_STORE_STATES,
            "filter[appStoreVersions.appVersionState]": AppVersionState,
        },
    ),
    "GET /v1/apps/*": _endpoint(_OF_AN_APP, limits=_LIMITS_OF_AN_APP),
    "GET /v1/apps/*/appStoreVersions": _endpoint(
        _OF_A_VERSION,
        limits=_LIMIT,
        filters={
            "filter[platform]": Platform,
            "filter[versionString]": ANY,
            "filter[appStoreState]": APP_STORE_STATES,
            "filter[appVersionState]": AppVersionState,
            "filter[id]": ANY,
        },
    ),
    "GET /v1/apps/*/builds": _endpoint(("builds", ""), limits=_LIMIT),
    "GET /v1/apps/*/buildUploads": _endpoint(
        _OF_AN_UPLOAD,
        sort="cfBundleVersion uploadedDate",
        limits=_LIMIT,
        filters={
            "filter[cfBundleVersion]": ANY,
            "filter[cfBundleShortVersionString]": ANY,
            "filter[platform]": Platform,
            "filter[state]": BuildUploadState,
        },
    ),
    "GET /v1/buildUploads/*": _endpoint(_OF_AN_UPLOAD),
    "GET /v1/builds": _endpoint(
        _OF_A_BUILD,
        sort="version uploadedDate preReleaseVersion",
        limits=_LIMIT,
        filters={
            "filter[app]": ANY,
            "filter[id]": ANY,
            "filter[version]": ANY,
            "filter[preReleaseVersion]": ANY,
            "filter[preReleaseVersion.version]": ANY,
            "filter[preReleaseVersion.platform]": Platform,
            "filter[appStoreVersion]": ANY,
            "filter[processingState]": ProcessingState,
            "filter[buildAudienceType]": BuildAudienceType,
            "filter[expired]": _BOOLEAN,
            "filter[usesNonExemptEncryption]": _BOOLEAN,
            "exists[usesNonExemptEncryption]": _BOOLEAN,
        },
    ),
    "GET /v1/builds/*": _endpoint(_OF_A_BUILD),
    "PATCH /v1/builds/*": _NOTHING,
    "GET /v1/builds/*/app": _endpoint(("apps", "")),
    "GET /v1/builds/*/appStoreVersion": _endpoint(_OF_A_VERSION),
    "GET /v1/builds/*/preReleaseVersion": _endpoint(("preReleaseVersions", "")),
    "GET /v1/builds/*/relationships/app": _NOTHING,
    "GET /v1/builds/*/relationships/appStoreVersion": _NOTHING,
    "GET /v1/builds/*/relationships/preReleaseVersion": _NOTHING,
    "POST /v1/appStoreVersions": _NOTHING,
    "GET /v1/appStoreVersions/*": _endpoint(_OF_A_VERSION),
    "PATCH /v1/appStoreVersions/*": _NOTHING,
    "GET /v1/appStoreVersions/*/build": _endpoint(("builds", "")),
    "GET /v1/appStoreVersions/*/relationships/build": _NOTHING,
    "PATCH /v1/appStoreVersions/*/relationships/build": _NOTHING,
}

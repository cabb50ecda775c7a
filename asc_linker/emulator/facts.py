"""What Apple's OpenAPI document says of the resources that are played, as tables.

For each type its attributes and its relationships; for each list what it can be filtered and sorted
by. Which paths there are, and what else they take, follows from these.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from asc_linker.emulator.words import (
    APP_STORE_STATES,
    AppVersionState,
    BuildAudienceType,
    Platform,
    ProcessingState,
)

OPENAPI_VERSION = "4.4.1"

Words = tuple[str, ...]


class Relationship(NamedTuple):
    name: str
    type: str
    is_many: bool
    has_data: bool
    """It can be included."""
    has_links: bool


class Type(NamedTuple):
    attributes: Words
    relationships: Mapping[str, Relationship]

    @property
    def fields(self) -> Words:
        return (*self.attributes, *self.relationships)

    @property
    def includable(self) -> Mapping[str, Relationship]:
        return {name: each for name, each in self.relationships.items() if each.has_data}


def _relationship(text: str) -> Relationship:
    """`build` leads to one of builds, `icons*=buildIcons` to many buildIcons.

    A `-` behind it: links only, it cannot be included. A `!`: no links, only what is included.
    """
    name, _, kind = text.rstrip("-!").partition("=")
    is_many, name = name.endswith("*"), name.rstrip("*")
    kind = kind or (name if is_many else f"{name}s")
    return Relationship(name, kind, is_many, not text.endswith("-"), not text.endswith("!"))


def _type(attributes: str, relationships: str) -> Type:
    found = [_relationship(each) for each in relationships.split()]
    return Type(tuple(attributes.split()), {each.name: each for each in found})


TYPES: Mapping[str, Type] = {
    "apps": _type(
        """accessibilityUrl name bundleId sku primaryLocale isOrEverWasMadeForKids
        subscriptionStatusUrl subscriptionStatusUrlVersion subscriptionStatusUrlForSandbox
        subscriptionStatusUrlVersionForSandbox contentRightsDeclaration
        streamlinedPurchasingEnabled""",
        """accessibilityDeclarations*- appEncryptionDeclarations* appStoreIcon=buildIcons!
        ciProduct betaTesters*- betaGroups* appStoreVersions* appTags*- preReleaseVersions*
        betaAppLocalizations* builds* betaLicenseAgreement betaAppReviewDetail appInfos* appClips*
        appPricePoints*- endUserLicenseAgreement appPriceSchedule- appAvailabilityV2-
        inAppPurchases* subscriptionGroups* gameCenterEnabledVersions*
        perfPowerMetrics=xcodeMetrics- appCustomProductPages* inAppPurchasesV2*=inAppPurchases
        promotedPurchases* appEvents* reviewSubmissions* subscriptionGracePeriod
        customerReviews*- customerReviewSummarizations*- gameCenterDetail
        appStoreVersionExperimentsV2*=appStoreVersionExperiments
        alternativeDistributionKey- analyticsReportRequests*- marketplaceSearchDetail-
        buildUploads*- backgroundAssets*- betaFeedbackScreenshotSubmissions*-
        betaFeedbackCrashSubmissions*- searchKeywords*- webhooks*-
        androidToIosAppMappingDetails*""",
    ),
    "appStoreVersions": _type(
        """platform versionString appStoreState appVersionState copyright reviewType releaseType
        earliestReleaseDate usesIdfa downloadable createdDate""",
        """app! appStoreVersionLocalizations* build appStoreVersionPhasedRelease
        gameCenterAppVersion routingAppCoverage appStoreReviewDetail
        appStoreVersionSubmission appClipDefaultExperience appStoreVersionExperiments*
        appStoreVersionExperimentsV2*=appStoreVersionExperiments customerReviews*-
        alternativeDistributionPackage""",
    ),
    "builds": _type(
        """version uploadedDate expirationDate expired minOsVersion lsMinimumSystemVersion
        computedMinMacOsVersion computedMinVisionOsVersion iconAssetToken processingState
        buildAudienceType usesNonExemptEncryption""",
        """preReleaseVersion individualTesters*=betaTesters betaGroups* betaBuildLocalizations*
        appEncryptionDeclaration betaAppReviewSubmission app buildBetaDetail appStoreVersion
        icons*=buildIcons buildBundles*! buildUpload! perfPowerMetrics=xcodeMetrics-
        diagnosticSignatures*-""",
    ),
    "preReleaseVersions": _type("version platform", "builds* app"),
    "buildUploads": _type(
        "cfBundleShortVersionString cfBundleVersion createdDate state platform uploadedDate",
        """build! assetFile=buildUploadFiles! assetDescriptionFile=buildUploadFiles!
        assetSpiFile=buildUploadFiles! buildUploadFiles*-""",
    ),
    "buildBetaDetails": _type("autoNotifyEnabled internalBuildState externalBuildState", "build"),
}

_WORDS: Mapping[tuple[str, str], Words] = {
    ("appStoreVersions", "platform"): tuple(Platform),
    ("appStoreVersions", "appStoreState"): APP_STORE_STATES,
    ("appStoreVersions", "appVersionState"): tuple(AppVersionState),
    ("builds", "processingState"): tuple(ProcessingState),
    ("builds", "buildAudienceType"): tuple(BuildAudienceType),
    ("preReleaseVersions", "platform"): tuple(Platform),
    ("buildUploads", "platform"): tuple(Platform),
}
"""The attributes that have a list of values."""


class Listing(NamedTuple):
    """What a list can be narrowed and sorted by."""

    filters: str = ""
    exists: str = ""
    sort: str = ""


_LISTINGS: Mapping[str, Listing] = {
    "/v1/apps": Listing(
        """name bundleId sku appStoreVersions.appStoreState appStoreVersions.platform
        appStoreVersions.appVersionState reviewSubmissions.state reviewSubmissions.platform
        appStoreVersions id""",
        exists="gameCenterEnabledVersions",
        sort="name bundleId sku",
    ),
    "/v1/builds": Listing(
        """version expired processingState betaAppReviewSubmission.betaReviewState
        usesNonExemptEncryption preReleaseVersion.version preReleaseVersion.platform
        buildAudienceType preReleaseVersion app betaGroups appStoreVersion id""",
        exists="usesNonExemptEncryption",
        sort="version uploadedDate preReleaseVersion",
    ),
    "/v1/preReleaseVersions": Listing(
        """builds.buildAudienceType builds.expired builds.processingState builds.version platform
        version app builds""",
        sort="version",
    ),
    "/v1/buildBetaDetails": Listing("build id"),
    "/v1/apps/*/appStoreVersions": Listing(
        "platform versionString appStoreState appVersionState id"
    ),
    "/v1/apps/*/buildUploads": Listing(
        "cfBundleShortVersionString cfBundleVersion platform state",
        sort="cfBundleVersion uploadedDate",
    ),
}

_INCLUDING = (
    "/v1/apps/*/appStoreVersions",
    "/v1/apps/*/buildUploads",
    "/v1/builds/*/appStoreVersion",
    "/v1/builds/*/buildBetaDetail",
    "/v1/buildBetaDetails/*/build",
)
"""The related paths that take `include`; all others of played types do not."""

COLLECTIONS = ("apps", "builds", "preReleaseVersions", "buildBetaDetails")
"""The types that can be listed without naming what they belong to."""

NOT_PLAYED = frozenset(
    f"{method} {path}"
    for methods, path in (
        ("PATCH", "/v1/apps/*"),
        ("GET", "/v1/apps/*/metrics/betaTesterUsages"),
        ("DELETE", "/v1/apps/*/relationships/betaTesters"),
        ("PATCH", "/v1/apps/*/relationships/promotedPurchases"),
        ("PATCH", "/v1/appStoreVersions/*/relationships/appClipDefaultExperience"),
        ("GET", "/v1/builds/*/metrics/betaBuildUsages"),
        ("PATCH", "/v1/builds/*/relationships/appEncryptionDeclaration"),
        ("POST DELETE", "/v1/builds/*/relationships/betaGroups"),
        ("POST DELETE", "/v1/builds/*/relationships/individualTesters"),
        ("POST", "/v1/buildUploads"),
        ("DELETE", "/v1/buildUploads/*"),
        ("PATCH", "/v1/buildBetaDetails/*"),
    )
    for method in methods.split()
)
"""What Apple has of the played types, and the emulator does not play."""


class Endpoint(NamedTuple):
    """A GET of Apple's that is played."""

    path: str
    """`*` stands for an id."""
    holder: str
    """The type of the resource in the path."""
    relationship: Relationship | None
    type: str
    """What it leads to; may be a type that no world holds."""
    is_many: bool
    is_linkage: bool = False

    @property
    def is_held(self) -> bool:
        return self.type in TYPES


def endpoints() -> Iterator[Endpoint]:
    for kind, facts in TYPES.items():
        if kind in COLLECTIONS:
            yield Endpoint(f"/v1/{kind}", kind, None, kind, is_many=True)
        yield Endpoint(f"/v1/{kind}/*", kind, None, kind, is_many=False)
        for name, to in facts.relationships.items():
            if to.has_links:
                yield Endpoint(f"/v1/{kind}/*/{name}", kind, to, to.type, to.is_many)
                linkage = f"/v1/{kind}/*/relationships/{name}"
                yield Endpoint(linkage, kind, to, to.type, to.is_many, is_linkage=True)


class Parameters(NamedTuple):
    """What an endpoint takes: for each parameter of a comma list, the words it may hold."""

    lists: Mapping[str, Words] = {}
    limits: Mapping[str, int] = {}
    takes_any: bool = False
    """It leads to a type that no world holds, so that any plain name will do."""


@cache
def parameters(endpoint: Endpoint) -> Parameters:
    limits = {"limit": 200} if endpoint.is_many else {}
    if endpoint.is_linkage:
        return Parameters(limits=limits)
    if not endpoint.is_held:
        return Parameters(limits=limits, takes_any=True)
    listing = _LISTINGS.get(endpoint.path, Listing())
    takes_include = endpoint.relationship is None or endpoint.path in _INCLUDING
    shown = TYPES[endpoint.type].includable if takes_include else {}
    lists: dict[str, Words] = {
        f"fields[{kind}]": TYPES[kind].fields if kind in TYPES else ANY
        for kind in (endpoint.type, *(each.type for each in shown.values()))
    }
    lists |= {f"filter[{name}]": _words(endpoint.type, name) for name in listing.filters.split()}
    lists |= {f"exists[{name}]": ("true", "false") for name in listing.exists.split()}
    if shown:
        lists["include"] = tuple(shown)
    if listing.sort:
        lists["sort"] = tuple(sign + key for key in listing.sort.split() for sign in ("", "-"))
    limits |= {f"limit[{name}]": 50 for name, each in shown.items() if each.is_many}
    return Parameters(lists, limits)


ANY: Words = ()
"""No list of values: whatever is given is looked for."""


def _words(kind: str, name: str) -> Words:
    """The words that a filter on `name` may hold: those of the attribute it ends in."""
    head, _, rest = name.partition(".")
    if rest:
        kind = TYPES[kind].relationships[head].type
    return _WORDS.get((kind, rest or head), ANY)


OTHER_ROOTS = frozenset(
    f"/{version}/{name}"
    for version, names in {
        "v1": """accessibilityDeclarations actors ageRatingDeclarations
            alternativeDistributionDomains alternativeDistributionKeys
            alternativeDistributionPackageDeltas alternativeDistributionPackageVariants
            alternativeDistributionPackageVersions alternativeDistributionPackages
            analyticsReportInstances analyticsReportRequests analyticsReportSegments
            analyticsReports androidToIosAppMappingDetails appCategories
            appClipAdvancedExperienceImages appClipAdvancedExperiences appClipAppStoreReviewDetails
            appClipDefaultExperienceLocalizations appClipDefaultExperiences appClipHeaderImages
            appClips appCustomProductPageLocalizations appCustomProductPageVersions
            appCustomProductPages appEncryptionDeclarationDocuments appEncryptionDeclarations
            appEventLocalizations appEventScreenshots appEventVideoClips appEvents
            appInfoLocalizations appInfos appPreviewSets appPreviews appPriceSchedules
            appScreenshotSets appScreenshots appStoreReviewAttachments appStoreReviewDetails
            appStoreVersionExperimentTreatmentLocalizations appStoreVersionExperimentTreatments
            appStoreVersionExperiments appStoreVersionLocalizations appStoreVersionPhasedReleases
            appStoreVersionPromotions appStoreVersionReleaseRequests appStoreVersionSubmissions
            appTags backgroundAssetUploadFiles backgroundAssetVersionAppStoreReleases
            backgroundAssetVersionExternalBetaReleases backgroundAssetVersionInternalBetaReleases
            backgroundAssetVersions backgroundAssets betaAppClipInvocationLocalizations
            betaAppClipInvocations betaAppLocalizations betaAppReviewDetails
            betaAppReviewSubmissions betaBuildLocalizations betaCrashLogs
            betaFeedbackCrashSubmissions betaFeedbackScreenshotSubmissions betaGroups
            betaLicenseAgreements betaRecruitmentCriteria betaRecruitmentCriterionOptions
            betaTesterInvitations betaTesters buildBetaNotifications buildBundles buildUploadFiles
            bundleIdCapabilities bundleIds certificates ciArtifacts ciBuildActions ciBuildRuns
            ciIssues ciMacOsVersions ciProducts ciTestResults ciWorkflows ciXcodeVersions
            customerReviewResponses customerReviews devices diagnosticSignatures
            endAppAvailabilityPreOrders endUserLicenseAgreements financeReports
            gameCenterAchievementImages gameCenterAchievementLocalizations
            gameCenterAchievementReleases gameCenterAchievements gameCenterActivities
            gameCenterActivityImages gameCenterActivityLocalizations
            gameCenterActivityVersionReleases gameCenterActivityVersions gameCenterAppVersions
            gameCenterChallengeImages gameCenterChallengeLocalizations
            gameCenterChallengeVersionReleases gameCenterChallengeVersions gameCenterChallenges
            gameCenterDetails gameCenterEnabledVersions gameCenterGroups
            gameCenterLeaderboardEntrySubmissions gameCenterLeaderboardImages
            gameCenterLeaderboardLocalizations gameCenterLeaderboardReleases
            gameCenterLeaderboardSetImages gameCenterLeaderboardSetLocalizations
            gameCenterLeaderboardSetMemberLocalizations gameCenterLeaderboardSetReleases
            gameCenterLeaderboardSets gameCenterLeaderboards gameCenterMatchmakingQueues
            gameCenterMatchmakingRuleSetTests gameCenterMatchmakingRuleSets
            gameCenterMatchmakingRules gameCenterMatchmakingTeams
            gameCenterPlayerAchievementSubmissions inAppPurchaseAppStoreReviewScreenshots
            inAppPurchaseAvailabilities inAppPurchaseContents inAppPurchaseImages
            inAppPurchaseLocalizations inAppPurchaseOfferCodeCustomCodes
            inAppPurchaseOfferCodeOneTimeUseCodes inAppPurchaseOfferCodes inAppPurchasePricePoints
            inAppPurchasePriceSchedules inAppPurchaseSubmissions inAppPurchaseVersions
            inAppPurchases marketplaceSearchDetails marketplaceWebhooks merchantIds nominations
            passTypeIds profiles promotedPurchases reviewSubmissionItems reviewSubmissions
            routingAppCoverages salesReports scmGitReferences scmProviders scmPullRequests
            scmRepositories subscriptionAppStoreReviewScreenshots subscriptionAvailabilities
            subscriptionGracePeriods subscriptionGroupLocalizations subscriptionGroupSubmissions
            subscriptionGroupVersions subscriptionGroups subscriptionImages
            subscriptionIntroductoryOffers subscriptionLocalizations
            subscriptionOfferCodeCustomCodes subscriptionOfferCodeOneTimeUseCodes
            subscriptionOfferCodes subscriptionPlanAvailabilities subscriptionPricePoints
            subscriptionPrices subscriptionPromotionalOffers subscriptionSubmissions
            subscriptionVersions subscriptions territories territoryAvailabilities userInvitations
            users webhookDeliveries webhookPings webhooks winBackOffers""",
        "v2": """appAvailabilities appStoreVersionExperiments gameCenterAchievementImages
            gameCenterAchievementLocalizations gameCenterAchievementVersions gameCenterAchievements
            gameCenterLeaderboardImages gameCenterLeaderboardLocalizations
            gameCenterLeaderboardSetImages gameCenterLeaderboardSetLocalizations
            gameCenterLeaderboardSetVersions gameCenterLeaderboardSets gameCenterLeaderboardVersions
            gameCenterLeaderboards inAppPurchaseImages inAppPurchaseLocalizations inAppPurchases
            sandboxTesters sandboxTestersClearPurchaseHistoryRequest subscriptionGroupLocalizations
            subscriptionImages subscriptionLocalizations""",
        "v3": "appPricePoints",
    }.items()
    for name in names.split()
)
"""Where Apple's other paths begin; none of them is played."""

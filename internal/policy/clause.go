package policy

// Clause is one condition of a decision. Its ID is stable: scripts may rely on it.
type Clause struct {
	ID   string `json:"id"`
	Text string `json:"text"` // what it demands, or what it tells
}

// Identifiers of the clauses.
const (
	clauseTime        = "time"
	clauseEnvironment = "environment"
	clauseDigest      = "reference.digest"
	clauseManifest    = "manifest.problem"
	clauseType        = "manifest.type"
	clauseFiles       = "manifest.files"
	clauseReferrers   = "referrers"
	clauseAnnotation  = "annotation"
	clauseIgnored     = "statement.ignored"
	clauseMissing     = "statement.missing"
	clauseRoles       = "signer.roles"
	clauseLocal       = "signer.local"
	clauseScanOK      = "scan.accepted"
	clauseScanFiles   = "scan.files"
	clauseScanLeft    = "scan.excluded"
	clauseScanFinding = "scan.finding"
	clauseScanGap     = "scan.gap"
	clauseScanNames   = "scan.names"
	clauseScanResult  = "scan.result"
	clauseScanWaived  = "scan.waived"
	clauseScanTime    = "scan.time"
	clauseScanAge     = "scan.age"
	clauseScanRuleset = "scan.ruleset"
	clauseScanDeep    = "scan.deep"
	clauseScanOld     = "scan.superseded"
	clauseAdmitted    = "admission.accepted"
	clauseAdmRepo     = "admission.repository"
	clauseAdmTag      = "admission.tag"
	clauseAdmEnv      = "admission.environment"
	clauseAdmPolicy   = "admission.policy"
	clauseAdmResult   = "admission.result"
	clauseAdmTime     = "admission.time"
	clauseModel       = "model.files"
	clauseContent     = "content.problem"
	clauseUnread      = "content.unread"

	clauseIntakeSource  = "admit.source"
	clauseIntakeEmpty   = "admit.empty"
	clauseIntakeFinding = "admit.finding"
	clauseIntakeGap     = "admit.gap"
	clauseIntakeDeep    = "admit.deep"
	clauseIntakeVerdict = "admit.verdict"
	clauseIntakeLeft    = "admit.excluded"
	clauseIntakeNames   = "admit.names"
	clauseIntakeConvert = "admit.convert"
	clauseIntakeClean   = "admit.clean"
)

// Clauses is the list of all clauses: first those of gate 2, then those of gate 1.
func Clauses() []Clause {
	return []Clause{
		{clauseTime, "The time of the decision is known."},
		{clauseEnvironment, "The policy has a profile for the environment."},
		{clauseDigest, "The reference was resolved to one manifest digest."},
		{clauseManifest, "The manifest could be read and has the digest that names it."},
		{clauseType, "The manifest is a ModelPack model, as gate 1 writes it."},
		{clauseFiles, "The manifest lists at least one file, each with a safe path, a size and a digest, and none twice."},
		{clauseReferrers, "The list of statements is complete: nothing was withheld, cut off or unreadable."},
		{clauseAnnotation, "Tells that an annotation disagrees with the decision. Annotations are never trusted."},
		{clauseIgnored, "Tells which statements did not count, and why."},
		{clauseMissing, "Every required statement is there, about this manifest, by a trusted key in the right role."},
		{clauseRoles, "No key holds two roles, where the profile wants roles separate."},
		{clauseLocal, "Tells that a key counts only because the registry is a layout on disk."},
		{clauseScanOK, "Tells which scan decided."},
		{clauseScanFiles, "The scan lists exactly the files of the manifest: same paths, sizes and digests."},
		{clauseScanLeft, "No file of the manifest was left out of the scan; other files that were left out are told."},
		{clauseScanFinding, "The scan has no finding at or above blockSeverity."},
		{clauseScanGap, "The scan has no gap: everything was read and understood."},
		{clauseScanNames, "Every name that the scan was told to take for inert is in this policy too, and not over."},
		{clauseScanResult, "The result that the scan states is the one that its findings and gaps give."},
		{clauseScanWaived, "The scan does not rely on waivers; they are not part of this version."},
		{clauseScanTime, "The scan finished after it began, and not in the future."},
		{clauseScanAge, "The scan is not older than maxScanAge."},
		{clauseScanRuleset, "The scan used a ruleset of at least minRuleset."},
		{clauseScanDeep, "The scan looked into tensor and media data, where the profile sets requireDeepScan."},
		{clauseScanOld, "Tells that an earlier result that blocks was superseded by a clean scan with an equal or newer ruleset."},
		{clauseAdmitted, "Tells which admission decided."},
		{clauseAdmRepo, "The model was admitted into this repository."},
		{clauseAdmTag, "The model was admitted under this tag. A reference by digest alone has no tag to compare; that is told."},
		{clauseAdmEnv, "The model was admitted for this environment."},
		{clauseAdmPolicy, "The model was admitted under a pinned policy, where the profile pins; another policy is told otherwise."},
		{clauseAdmResult, "The admission is of a clean model."},
		{clauseAdmTime, "The admission is not in the future."},
		{clauseModel, "The model signature lists exactly the files of the manifest, apart from those that every model signature leaves out."},
		{clauseContent, "Every layer that was read again has the digest that names it."},
		{clauseUnread, "The content was read again, where the profile wants it; elsewhere it is told that it was not."},
		{clauseIntakeSource, "The source is on the allow-list of every environment asked for."},
		{clauseIntakeEmpty, "The source has at least one file."},
		{clauseIntakeFinding, "The scan has no finding at or above blockSeverity."},
		{clauseIntakeGap, "The scan has no gap: everything was read and understood."},
		{clauseIntakeDeep, "The scan is deep, where a profile sets requireDeepScan."},
		{clauseIntakeVerdict, "The verdict of the report is the one that its findings and gaps give, and it is clean."},
		{clauseIntakeLeft, "Tells which files were left out. They are neither scanned nor shipped."},
		{clauseIntakeNames, "Tells which additions of the policy to the list of inert names the scan used; others deny."},
		{clauseIntakeConvert, "No weights are stored as pickle, where a profile says convert: require."},
		{clauseIntakeClean, "Tells that the scan of the final files is clean."},
	}
}

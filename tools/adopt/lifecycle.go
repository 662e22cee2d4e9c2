package adopt

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mediaserver/tools/adopt/tfstate"
)

const bucketLifecycle = "aws_s3_bucket_lifecycle_configuration.media_storage"

// archives are the storage classes in which the program can archive media files, with other classes for which each
// stands: it is read in the same way, and costs least.
var archives = map[string]string{"GLACIER": "GLACIER", "DEEP_ARCHIVE": "GLACIER", "GLACIER_IR": "GLACIER_IR"}

// noArchive is the value of archiveStorageClass with which no media file is archived.
const noArchive = "NONE"

// setLifecycle takes the storage class of the archive and the days after which old versions go, and tells which rules
// go and which come. Without a rule that archives, every file stays readable.
func (a *Adoption) setLifecycle() {
	lifecycle, _ := a.find(bucketLifecycle)
	archive, oldVersionDays, source := noArchive, 0, "no lifecycle rule archives media files"
	var theirs []string
	for at := range lifecycle.Length("rule") {
		part := func(path ...any) []any { return append([]any{"rule", at}, path...) }
		filter := lifecycle.At(part("filter")...)
		// Only such a rule is about all media.
		if lifecycle.Text(part("status")...) != "Enabled" || !isOff(filter) || lifecycle.Text(part("prefix")...) != "" {
			a.tellRule(lifecycle, at, "it is disabled, or applies to a part of the media only")
			continue
		}
		for transition := range lifecycle.Length(part("transition")...) {
			class := lifecycle.Text(part("transition", transition, "storage_class")...)
			days := lifecycle.Text(part("transition", transition, "days")...)
			theirs = append(theirs, class+" after "+days+" days")
			if archives[class] != "" {
				archive, source = archives[class], lifecycle.Address
			}
		}
		if !isOff(lifecycle.At(part("expiration", 0, "days")...)) || !isOff(lifecycle.At(part("expiration", 0, "date")...)) {
			a.tellRule(lifecycle, at, "media files no longer expire")
		}
		old, isKnown := lifecycle.Number(part("noncurrent_version_expiration", 0, "noncurrent_days")...)
		if isKnown && old > 0 && !isOff(lifecycle.At(part("noncurrent_version_expiration", 0, "newer_noncurrent_versions")...)) {
			a.tellRule(lifecycle, at, "the program cannot keep a certain number of old versions; it keeps all of them")
			continue
		}
		if isKnown && old > 0 && (oldVersionDays == 0 || old < oldVersionDays) {
			oldVersionDays = old
		}
	}
	a.set("archiveStorageClass", archive, source)
	if oldVersionDays > 0 {
		a.set("oldVersionDays", oldVersionDays, lifecycle.Address)
	}
	ours := []string{"STANDARD_IA after 30 days"}
	if archive != noArchive {
		ours = append(ours, archive+" after 90 days")
	}
	slices.Sort(theirs)
	slices.Sort(ours)
	if lifecycle.Address != "" && !slices.Equal(theirs, ours) {
		a.Differences = append(a.Differences, Difference{Address: lifecycle.Address, Attribute: "rule.transition",
			Change: fmt.Sprintf("%s → %s", cmp.Or(strings.Join(theirs, ", "), "none"), strings.Join(ours, ", "))})
	}
}

// tellRule tells that a lifecycle rule goes.
func (a *Adoption) tellRule(lifecycle tfstate.Resource, at int, why string) {
	a.Differences = append(a.Differences, Difference{Address: lifecycle.Address, Attribute: fmt.Sprintf("rule %s", lifecycle.Text("rule", at, "id")),
		Change: "is removed: " + why})
}

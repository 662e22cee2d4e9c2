package adopt

import (
	"strings"
	"testing"
)

func TestOnlyLifecycleRulesThatAreEnabledAndForAllMediaCount(t *testing.T) {
	old := func(days, more string) string {
		return `"noncurrent_version_expiration":[{"noncurrent_days":` + days + `,"newer_noncurrent_versions":null}]` + more
	}
	for name, test := range map[string]struct {
		rules, told string
		want        any
	}{
		"enabled":                    {`{"id":"old","status":"Enabled","filter":[{"prefix":"","tag":[],"and":[]}],` + old("60", "") + `}`, "", 60},
		"the shortest of several":    {`{"id":"a","status":"Enabled",` + old("60", "") + `},{"id":"b","status":"Enabled",` + old("20", "") + `}`, "", 20},
		"disabled":                   {`{"id":"old","status":"Disabled",` + old("1", "") + `}`, "rule old: is removed", nil},
		"for a folder":               {`{"id":"old","status":"Enabled","filter":[{"prefix":"tmp/"}],` + old("1", "") + `}`, "rule old: is removed", nil},
		"for a folder, as before":    {`{"id":"old","status":"Enabled","prefix":"tmp/",` + old("1", "") + `}`, "rule old: is removed", nil},
		"for a tag":                  {`{"id":"old","status":"Enabled","filter":[{"tag":[{"key":"k","value":"v"}]}],` + old("1", "") + `}`, "rule old: is removed", nil},
		"for large files":            {`{"id":"old","status":"Enabled","filter":[{"object_size_greater_than":"5"}],` + old("1", "") + `}`, "rule old: is removed", nil},
		"that keep a number of them": {`{"id":"old","status":"Enabled","noncurrent_version_expiration":[{"noncurrent_days":1,"newer_noncurrent_versions":3}]}`, "it keeps all of them", nil},
		"that expire files":          {`{"id":"old","status":"Enabled","expiration":[{"days":9,"date":""}]}`, "media files no longer expire", nil},
	} {
		t.Run(name, func(t *testing.T) {
			adopted := adopt(t, least(t, [2]string{"aws_s3_bucket_lifecycle_configuration.media_storage",
				`{"bucket":"films-storage-0a1b2c","rule":[` + test.rules + `]}`}))
			if got := settingOf(adopted, "oldVersionDays"); got != test.want {
				t.Errorf("oldVersionDays is %v, want %v", got, test.want)
			}
			if report := reportOf(t, adopted); !strings.Contains(report, test.told) {
				t.Errorf("it does not tell %q:\n%s", test.told, report)
			}
		})
	}
}

func TestMediaAreArchivedAsBefore(t *testing.T) {
	archived := func(days, class string) string {
		return `{"bucket":"films-storage-0a1b2c","rule":[{"status":"Enabled","transition":[{"days":90,"storage_class":"` + class + `"},{"days":` + days + `,"storage_class":"STANDARD_IA"}]}]}`
	}
	for rules, test := range map[string]struct{ class, told string }{
		archived("30", "GLACIER"):             {"GLACIER", ""},
		archived("30", "GLACIER_IR"):          {"GLACIER_IR", ""},
		archived("60", "GLACIER_IR"):          {"GLACIER_IR", "GLACIER_IR after 90 days, STANDARD_IA after 60 days → GLACIER_IR after 90 days, STANDARD_IA after 30 days"},
		archived("30", "DEEP_ARCHIVE"):        {"GLACIER", "DEEP_ARCHIVE after 90 days, STANDARD_IA after 30 days → GLACIER after 90 days, STANDARD_IA after 30 days"},
		archived("30", "INTELLIGENT_TIERING"): {"NONE", "INTELLIGENT_TIERING after 90 days, STANDARD_IA after 30 days → STANDARD_IA after 30 days"},
		`{"bucket":"films-storage-0a1b2c"}`:   {"NONE", "none → STANDARD_IA after 30 days"},
	} {
		adopted := adopt(t, least(t, [2]string{bucketLifecycle, rules}))
		_, told, _ := strings.Cut(reportOf(t, adopted), "rule.transition: ")
		if told, _, _ = strings.Cut(told, "\n"); told != test.told || settingOf(adopted, "archiveStorageClass") != test.class {
			t.Errorf("%s: archiveStorageClass is %v, and it tells %q", rules, settingOf(adopted, "archiveStorageClass"), told)
		}
	}
	adopted := adopt(t, least(t))
	if class := settingOf(adopted, "archiveStorageClass"); class != "NONE" || strings.Contains(reportOf(t, adopted), "rule.transition") {
		t.Errorf("without any rules archiveStorageClass is %v, and it tells\n%s", class, reportOf(t, adopted))
	}
}

package https

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/acm/types"

	"mediaserver/tests/internal/sandboxtest"
)

// The calls that change records.
const (
	addValidation    = "ChangeResourceRecordSets UPSERT CNAME"
	deleteValidation = "ChangeResourceRecordSets DELETE CNAME"
	addAlias         = "ChangeResourceRecordSets CREATE A"
	deleteAlias      = "ChangeResourceRecordSets DELETE A"
)

func TestARunningStackIsServedAtEveryMomentOnItsWayToHTTPSAndBack(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	// The emulator does not take a record again that it had before, so this goes through several domains.
	const another, third = "films.example.com", "shows.example.com"
	own, second := sandboxtest.ImportCertificate(t, d.clients, third), sandboxtest.ImportCertificate(t, d.clients, third)
	for _, each := range []struct {
		to         string
		settings   map[string]any
		nameIsOurs bool
		// calls are those that change something, in this order, before those that delete, in any order.
		calls, deletions []string
	}{
		{
			"an issued certificate", map[string]any{"domainName": domain, "hostedZoneId": d.zone}, true,
			[]string{"RequestCertificate", addValidation, "CreateListener 443", "ModifyListenerAttributes", addAlias, "ModifyListener 80"}, nil,
		},
		{
			"another domain", map[string]any{"domainName": another, "hostedZoneId": d.zone}, true,
			[]string{"RequestCertificate", addValidation, "ModifyListener 443", addAlias, "ModifyListener 80"},
			[]string{deleteAlias, deleteValidation, "DeleteCertificate"},
		},
		{
			"plain HTTP", nil, true,
			[]string{"ModifyListener 80"}, []string{deleteAlias, deleteValidation, "DeleteCertificate", "DeleteListener"},
		},
		{
			"a certificate of one's own", map[string]any{"domainName": third, "certificateArn": own}, false,
			[]string{"CreateListener 443", "ModifyListenerAttributes", "ModifyListener 80"}, nil,
		},
		{
			"an issued certificate instead", map[string]any{"domainName": third, "hostedZoneId": d.zone}, false,
			[]string{"RequestCertificate", addValidation, "ModifyListener 443", addAlias}, nil,
		},
		{
			"a certificate of one's own in the zone",
			map[string]any{"domainName": third, "hostedZoneId": d.zone, "certificateArn": second}, true,
			[]string{"ModifyListener 443"}, []string{deleteValidation, "DeleteCertificate"},
		},
		{
			"another one without the zone", map[string]any{"domainName": third, "certificateArn": own}, false,
			[]string{"ModifyListener 443"}, []string{deleteAlias},
		},
		{"plain HTTP again", nil, false, []string{"ModifyListener 80"}, []string{"DeleteListener"}},
	} {
		t.Log("to " + each.to)
		d.configure(each.settings)
		d.watch.begin(each.nameIsOurs, noHold)
		d.Up()
		d.watch.wantCalls(each.calls, each.deletions...)
		d.CheckValues(each.settings)
		again := d.Must("preview", "--expect-no-changes")
		if strings.Contains(again.Stdout+again.Stderr, waiting) {
			t.Errorf("there is nothing to wait for, and the preview says:\n%s%s", again.Stdout, again.Stderr)
		}
	}
	left, err := d.clients.ACM.ListCertificates(t.Context(), &acm.ListCertificatesInput{})
	isGiven := func(each types.CertificateSummary) bool {
		return slices.Contains([]string{own, second}, *each.CertificateArn)
	}
	if err != nil || slices.ContainsFunc(left.CertificateSummaryList, func(each types.CertificateSummary) bool { return !isGiven(each) }) {
		t.Errorf("the account has the certificates %v (%v)", left, err)
	}
	if left := d.records(); len(left) > 0 {
		t.Errorf("the zone still has %q", left)
	}
}

package https

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// waiting is how the program announces that an update waits for the certificate.
const waiting = "Waiting until AWS has seen the record in the zone " + zoneName + " and has issued the certificate for " + domain

// TestTroubleInTheZoneLeavesTheStackServed first delegates the domain to another zone, so that AWS does not see the record
// of the certificate. Then somebody else has a record where the stack wants its own.
func TestTroubleInTheZoneLeavesTheStackServed(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	settings := map[string]any{"domainName": domain, "hostedZoneId": d.zone}
	d.configure(settings)
	elsewhere := d.newZone(domain)
	d.watch.begin(true)
	d.wantFailedUp(waiting, "name servers of the zone (", "waiting for ACM Certificate", "last state: PENDING_VALIDATION")
	d.watch.wantCalls([]string{"RequestCertificate", addValidation})
	if _, err := d.clients.Route53.DeleteHostedZone(t.Context(), &route53.DeleteHostedZoneInput{Id: &elsewhere}); err != nil {
		t.Fatal(err)
	}

	foreign := types.ResourceRecordSet{
		Name: aws.String(domain + "."), Type: types.RRTypeA, TTL: aws.Int64(300),
		ResourceRecords: []types.ResourceRecord{{Value: aws.String("192.0.2.1")}},
	}
	d.change(types.ChangeActionCreate, foreign)
	d.watch.begin(true)
	d.wantFailedUp("Tried to create resource record set [name='media.example.com.', type='A'] but it already exists")
	d.watch.wantCalls([]string{"CreateListener 443", "ModifyListenerAttributes"})
	if got, want := d.records(), []string{"A media.example.com 192.0.2.1", "CNAME media.example.com validation"}; !slices.Equal(got, want) {
		t.Errorf("the zone has %q, want %q", got, want)
	}

	d.change(types.ChangeActionDelete, foreign)
	d.watch.begin(true)
	d.Up()
	d.watch.wantCalls([]string{addAlias, "ModifyListener 80"})
	d.CheckValues(settings)
}

// wantFailedUp asserts that an update fails and says why.
func (d *deployment) wantFailedUp(parts ...string) {
	d.t.Helper()
	result := d.Run("up", "--yes", "--skip-preview")
	output := result.Stdout + result.Stderr
	if result.ExitCode == 0 {
		d.t.Fatal("the update succeeded")
	}
	for _, part := range parts {
		if !strings.Contains(output, part) {
			d.t.Errorf("the update does not say %q:\n%s", part, output)
		}
	}
}

// change changes a record of the zone as somebody else would.
func (d *deployment) change(action types.ChangeAction, set types.ResourceRecordSet) {
	d.t.Helper()
	_, err := d.clients.Route53.ChangeResourceRecordSets(d.t.Context(), &route53.ChangeResourceRecordSetsInput{
		HostedZoneId: &d.zone, ChangeBatch: &types.ChangeBatch{Changes: []types.Change{{Action: action, ResourceRecordSet: &set}}},
	})
	if err != nil {
		d.t.Fatal(err)
	}
}

package https

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"mediaserver/tests/internal/sandboxtest"
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
	elsewhere := sandboxtest.CreateZone(t, d.clients, domain)
	d.watch.begin(true, d.holdUntilAnnounced)
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
	d.watch.begin(true, noHold)
	d.wantFailedUp("Tried to create resource record set [name='media.example.com.', type='A'] but it already exists")
	d.watch.wantCalls([]string{"CreateListener 443", "ModifyListenerAttributes"})
	if got, want := d.records(), []string{"A media.example.com 192.0.2.1", "CNAME media.example.com validation"}; !slices.Equal(got, want) {
		t.Errorf("the zone has %q, want %q", got, want)
	}

	d.change(types.ChangeActionDelete, foreign)
	d.watch.begin(true, noHold)
	d.Up()
	d.watch.wantCalls([]string{addAlias, "ModifyListener 80"})
	d.CheckValues(settings)
}

// wantFailedUp asserts that an update fails and says why.
func (d *deployment) wantFailedUp(parts ...string) {
	d.t.Helper()
	command := d.Command(d.t.Context(), "--non-interactive", "up", "--yes", "--skip-preview")
	command.Stdout, command.Stderr = d.printed, d.printed
	if err := command.Run(); err == nil {
		d.t.Fatal("the update succeeded")
	}
	for _, part := range parts {
		if !strings.Contains(d.printed.text.String(), part) {
			d.t.Errorf("the update does not say %q:\n%s", part, d.printed.text.String())
		}
	}
}

// holdUntilAnnounced has AWS tell the state of the certificate only once the program has said that it waits.
func (d *deployment) holdUntilAnnounced(action string) {
	// Before its record is there, the certificate is asked for the record.
	if action != "DescribeCertificate" || len(d.records()) == 0 {
		return
	}
	select {
	case <-d.printed.announced:
	case <-time.After(2 * time.Minute):
		// The missing message is reported.
	}
}

// printed is what the CLI prints. It closes announced when that has the text in it.
type printed struct {
	mutex     sync.Mutex
	text      strings.Builder
	once      sync.Once
	announced chan struct{}
}

func (p *printed) Write(data []byte) (int, error) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	p.text.Write(data)
	if strings.Contains(p.text.String(), waiting) {
		p.once.Do(func() { close(p.announced) })
	}
	return len(data), nil
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

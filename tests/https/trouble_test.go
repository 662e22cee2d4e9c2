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
)

// wantFailure asserts that a command fails and says why, and that users were served all the time.
func (d *deployment) wantFailure(command []string, parts ...string) {
	d.t.Helper()
	result := d.Run(command...)
	output := result.Stdout + result.Stderr
	if result.ExitCode == 0 {
		d.t.Fatalf("pulumi %s succeeded", strings.Join(command, " "))
	}
	for _, part := range parts {
		if !strings.Contains(output, part) {
			d.t.Errorf("pulumi %s does not say %q:\n%s", strings.Join(command, " "), part, output)
		}
	}
	wantAlwaysServed(d.t, d.watch.moments, true)
}

var up = []string{"up", "--yes", "--skip-preview"}

func TestWhatDoesNotFitIsRefusedInOneErrorBeforeAnythingChanges(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.wantFailure([]string{"preview", "-c", "mediaserver:domainName=*.example.com", "-c", "mediaserver:hostedZoneId=/hostedzone/Z1",
		"-c", "mediaserver:appPort=0", "-c", "mediaserver:cpu=300"},
		`mediaserver:domainName: "*.example.com" must be`, `mediaserver:hostedZoneId: "/hostedzone/Z1" must be`,
		`mediaserver:appPort: 0 must be`, `mediaserver:cpu: 300 must be`)
	// The CLI keeps the settings of a preview.
	d.wantFailure([]string{"preview", "-c", "mediaserver:domainName=" + domain, "-c", "mediaserver:hostedZoneId=Z1",
		"-c", "mediaserver:appPort=3000", "-c", "mediaserver:cpu=256"},
		"find the hosted zone Z1: ", "no matching Route 53 Hosted Zone found")
	if changed := d.watch.since(); len(changed) > 0 {
		t.Errorf("the refusals called %q", calls(changed))
	}
}

// TestTroubleInTheZoneLeavesTheStackServed first delegates the domain to another zone, so that AWS does not see the record
// of the certificate. Then somebody else has a record where the stack wants its own.
func TestTroubleInTheZoneLeavesTheStackServed(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.Up()
	d.watch.since()
	elsewhere := d.newZone(domain, false)
	d.configure(map[string]string{"domainName": domain, "hostedZoneId": d.zone})
	d.wantFailure(up, "waiting for ACM Certificate", "last state: PENDING_VALIDATION")
	if changed := calls(d.watch.since()); slices.Contains(changed, "CreateListener 443") || slices.Contains(changed, "ModifyListener 80") {
		t.Errorf("without a certificate the update called %q", changed)
	}
	if _, err := d.clients.Route53.DeleteHostedZone(t.Context(), &route53.DeleteHostedZoneInput{Id: &elsewhere}); err != nil {
		t.Fatal(err)
	}

	foreign := types.ResourceRecordSet{
		Name: aws.String(domain + "."), Type: types.RRTypeA, TTL: aws.Int64(300), ResourceRecords: []types.ResourceRecord{{Value: aws.String("192.0.2.1")}},
	}
	d.change(types.ChangeActionCreate, foreign)
	d.wantFailure(up, "Tried to create resource record set [name='media.example.com.', type='A'] but it already exists")
	wantCalls(t, d.watch.since(), []string{"CreateListener 443", "ModifyListenerAttributes"})
	if got, want := d.records(), []string{"A media.example.com 192.0.2.1", "CNAME media.example.com validation"}; !slices.Equal(got, want) {
		t.Errorf("the zone has %q, want %q", got, want)
	}

	d.change(types.ChangeActionDelete, foreign)
	d.Up()
	again := d.watch.since()
	wantAlwaysServed(t, again, true)
	wantCalls(t, again, []string{"ChangeResourceRecordSets CREATE A", "ModifyListener 80"})
	d.checkValues(41, map[string]any{"domainName": domain, "hostedZoneId": d.zone})
}

// wantAnnouncedWait deploys the stack and asserts that the program prints a message while it waits for the certificate,
// whose state is held back until then.
func (d *deployment) wantAnnouncedWait(message string) {
	d.t.Helper()
	printed := &signal{text: message, seen: make(chan struct{})}
	recorded := make(chan struct{})
	var once sync.Once
	d.watch.hold = func(operation string) {
		switch operation {
		case "GetChange":
			once.Do(func() { close(recorded) })
		case "DescribeCertificate":
			select {
			case <-recorded:
			default:
				return
			}
			select {
			case <-printed.seen:
			case <-time.After(2 * time.Minute):
				// The check below reports the missing message.
			}
		}
	}
	command := d.Command(d.t.Context(), append([]string{"--non-interactive"}, up...)...)
	command.Stdout, command.Stderr = printed, printed
	if err := command.Run(); err != nil {
		d.t.Fatalf("%v\n%s", err, printed.all.String())
	}
	d.watch.hold = nil
	if said := printed.all.String(); !strings.Contains(said, message) || !strings.Contains(said, "name servers of the zone (") {
		d.t.Errorf("the message or the name servers are missing:\n%s", said)
	}
}

// signal is an output that closes a channel once it holds a text.
type signal struct {
	text string
	seen chan struct{}

	mutex sync.Mutex
	all   strings.Builder
	told  bool
}

func (s *signal) Write(data []byte) (int, error) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.all.Write(data)
	if !s.told && strings.Contains(s.all.String(), s.text) {
		s.told = true
		close(s.seen)
	}
	return len(data), nil
}

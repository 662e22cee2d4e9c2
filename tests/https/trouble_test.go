package https

import (
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"
)

// wantFailure asserts that an update fails and says why, and that nobody was interrupted by it.
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
	private := d.newZone("internal.example.com", true)
	const elsewhere = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
	for _, refusal := range []struct {
		settings map[string]string
		says     []string
	}{
		{map[string]string{"domainName": "*.example.com", "hostedZoneId": "/hostedzone/Z1", "appPort": "0", "cpu": "300"}, []string{
			`mediaserver:domainName: "*.example.com" must be`, `mediaserver:hostedZoneId: "/hostedzone/Z1" must be`,
			`mediaserver:appPort: 0 must be`, `mediaserver:cpu: 300 must be`,
		}},
		{map[string]string{"domainName": domain}, []string{`mediaserver:domainName: "media.example.com" needs a certificate`}},
		{map[string]string{"hostedZoneId": "Z1"}, []string{`mediaserver:hostedZoneId: "Z1" has no effect without domainName`}},
		{map[string]string{"domainName": domain, "certificateArn": elsewhere, "permissionsBoundaryArn": "arn:aws:iam::210987654321:policy/a"}, []string{
			`mediaserver:certificateArn: "` + elsewhere + `" must be a certificate of the stack's own region and account`, "mediaserver:permissionsBoundaryArn: ",
		}},
		{map[string]string{"domainName": domain, "hostedZoneId": "Z1"}, []string{"find the hosted zone Z1: ", "no matching Route 53 Hosted Zone found"}},
		{map[string]string{"domainName": "media.example.org", "hostedZoneId": d.zone}, []string{"must be the zone of domainName (media.example.org)", "is the zone of example.com"}},
		{map[string]string{"domainName": "media.internal.example.com", "hostedZoneId": private}, []string{"must be a public zone"}},
	} {
		// The CLI keeps the settings of a preview, so every one names those that another one changes.
		settings := map[string]string{
			"domainName": "", "hostedZoneId": "", "certificateArn": "", "permissionsBoundaryArn": "", "appPort": "3000", "cpu": "256",
		}
		maps.Copy(settings, refusal.settings)
		command := []string{"preview"}
		for key, value := range settings {
			command = append(command, "-c", "mediaserver:"+key+"="+value)
		}
		d.wantFailure(command, refusal.says...)
	}
	if changed := d.watch.since(); len(changed) > 0 {
		t.Errorf("the refusals called %q", calls(changed))
	}
}

func TestARecordOfSomebodyElseIsNotOverwritten(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.Up()
	d.watch.since()
	foreign := types.ResourceRecordSet{
		Name: aws.String(domain + "."), Type: types.RRTypeA, TTL: aws.Int64(300), ResourceRecords: []types.ResourceRecord{{Value: aws.String("192.0.2.1")}},
	}
	d.change(types.ChangeActionCreate, foreign)
	d.configure(map[string]string{"domainName": domain, "hostedZoneId": d.zone})
	d.wantFailure(up, "Tried to create resource record set [name='media.example.com.', type='A'] but it already exists")
	if got, want := d.records(), []string{"A media.example.com 192.0.2.1", "CNAME media.example.com validation"}; !slices.Equal(got, want) {
		t.Errorf("the zone has %q, want %q", got, want)
	}
	d.change(types.ChangeActionDelete, foreign)
	d.Up()
	d.checkValues(41, map[string]any{"domainName": domain, "hostedZoneId": d.zone})
}

// TestAZoneThatTheWorldDoesNotAskLeavesTheStackAsItWas has a second zone below the first, which takes its names away as
// a delegation to elsewhere does.
func TestAZoneThatTheWorldDoesNotAskLeavesTheStackAsItWas(t *testing.T) {
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
	d.Up()
	again := d.watch.since()
	wantAlwaysServed(t, again, true)
	wantCalls(t, again, []string{"CreateListener 443", "ModifyListenerAttributes", "ChangeResourceRecordSets CREATE A", "ModifyListener 80"})
}

// TestAWaitForTheCertificateIsAnnounced keeps the certificate's state back until the message is there.
func TestAWaitForTheCertificateIsAnnounced(t *testing.T) {
	t.Parallel()
	d := newDeployment(t)
	d.configure(map[string]string{"domainName": domain, "hostedZoneId": d.zone})
	const message = "Waiting until AWS has seen the record in the zone example.com and has issued the certificate for media.example.com"
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
			case <-time.After(15 * time.Second):
				t.Error("no message while the certificate is not issued")
			}
		}
	}
	command := d.Command(t.Context(), append([]string{"--non-interactive"}, up...)...)
	command.Stdout, command.Stderr = printed, printed
	if err := command.Run(); err != nil {
		t.Fatalf("%v\n%s", err, printed.all.String())
	}
	if !strings.Contains(printed.all.String(), "name servers of the zone (") {
		t.Errorf("the name servers are missing:\n%s", printed.all.String())
	}
	d.watch.hold = nil
	for _, again := range [][]string{{"preview"}, up} {
		if output := d.Must(again...); strings.Contains(output.Stdout+output.Stderr, "Waiting until AWS") {
			t.Errorf("pulumi %s waits for nothing, and says:\n%s", strings.Join(again, " "), output.Stdout+output.Stderr)
		}
	}
}

// signal is an output that tells when it holds a text.
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

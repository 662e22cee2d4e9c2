package policies

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"mediaserver/tests/internal/sandbox"
	"mediaserver/tests/internal/sandboxtest"
)

func TestHTTPSMakesOnlyCallsThatAreGranted(t *testing.T) {
	calls := &recorder{actions: map[string]bool{}}
	deployed := sandboxtest.New(t, "../..", func(options *sandbox.Options) {
		options.ProviderEndpoint = func(emulator string) (string, error) {
			var err error
			calls.forward, err = proxyTo(emulator)
			return serve(t, calls), err
		}
	})
	zone, err := deployed.Clients().Route53.CreateHostedZone(t.Context(), &route53.CreateHostedZoneInput{
		Name: aws.String("example.com"), CallerReference: aws.String("policies"),
	})
	if err != nil {
		t.Fatal(err)
	}
	deployed.Must("preview", "-c", "mediaserver:domainName=media.example.com",
		"-c", "mediaserver:hostedZoneId="+strings.TrimPrefix(*zone.HostedZone.Id, "/hostedzone/"))
	wantGranted(t, previewer, calls.made(), "route53:ListHostedZones")
	deployed.Up()
	deployed.Up("-c", "mediaserver:domainName=films.example.com")
	wantGranted(t, deployer, calls.made(), "acm:RequestCertificate", "acm:DeleteCertificate", "route53:ChangeResourceRecordSets",
		"route53:GetChange", "elasticloadbalancing:ModifyListenerAttributes")
	deployed.Must("preview", "--refresh")
	wantGranted(t, previewer, calls.made(), "acm:DescribeCertificate", "acm:ListTagsForCertificate", "route53:ListResourceRecordSets")
	deployed.Must("destroy", "--yes", "--skip-preview")
	wantGranted(t, deployer, calls.made(), "acm:DeleteCertificate")
}

// wantGranted asserts that a role may make all calls, among which are those that the test is about.
func wantGranted(t *testing.T, role, made []string, among ...string) {
	t.Helper()
	if missing := lacking(made, among); len(missing) > 0 {
		t.Errorf("not called: %q", missing)
	}
	// The stand-in looks for revisions that a run left behind; the official provider does not.
	if missing := lacking(append(granted(t, role), "ecs:ListTaskDefinitions"), made); len(missing) > 0 {
		t.Errorf("not granted: %q", missing)
	}
}

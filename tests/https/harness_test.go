package https

import (
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/acm"
	"github.com/aws/aws-sdk-go-v2/service/route53"
	"github.com/aws/aws-sdk-go-v2/service/route53/types"

	"mediaserver/tests/internal/awsclients"
	"mediaserver/tests/internal/readback"
	"mediaserver/tests/internal/sandbox"
	"mediaserver/tests/internal/sandboxtest"
)

// repository is the folder of the program, seen from this package.
const repository = "../.."

// The domain of the stack, and its zone.
const (
	domain   = "media.example.com"
	zoneName = "example.com"
)

// deployment is a sandbox whose account has a zone, with a watch on the calls of the provider.
type deployment struct {
	*sandboxtest.Deployment
	t       *testing.T
	clients *awsclients.Clients
	watch   *watch
	// zone is the id of the zone.
	zone string
}

// newDeployment brings up a sandbox with a zone, in which nothing is deployed.
func newDeployment(t *testing.T) *deployment {
	t.Helper()
	d := &deployment{t: t}
	d.Deployment = sandboxtest.New(t, repository, func(options *sandbox.Options) {
		options.ProviderEndpoint = func(emulator string) (string, error) {
			d.clients = awsclients.New(sandbox.AWSConfig(emulator))
			var err error
			if d.watch, err = newWatch(emulator, d.clients); err != nil {
				return "", err
			}
			server := httptest.NewServer(d.watch)
			t.Cleanup(server.Close)
			return server.URL, nil
		}
	})
	d.zone = d.newZone(zoneName, false)
	d.watch.zone = d.zone
	return d
}

// newZone creates a hosted zone and returns its id.
func (d *deployment) newZone(name string, private bool) string {
	d.t.Helper()
	request := &route53.CreateHostedZoneInput{
		Name: &name, CallerReference: aws.String(name + fmt.Sprint(private)),
		HostedZoneConfig: &types.HostedZoneConfig{PrivateZone: private},
	}
	if private {
		request.VPC = &types.VPC{VPCId: aws.String("vpc-1"), VPCRegion: types.VPCRegion(sandbox.Region)}
	}
	created, err := d.clients.Route53.CreateHostedZone(d.t.Context(), request)
	if err != nil {
		d.t.Fatal(err)
	}
	return strings.TrimPrefix(*created.HostedZone.Id, "/hostedzone/")
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

// records are the records of the zone, without those that every zone has: each as type, name and content.
func (d *deployment) records() []string {
	d.t.Helper()
	return records(d.t.Context(), d.t.Fatal, d.clients, d.zone)
}

// certificates are the ARNs of the account's certificates, sorted.
func (d *deployment) certificates() []string {
	d.t.Helper()
	found, err := d.clients.ACM.ListCertificates(d.t.Context(), &acm.ListCertificatesInput{})
	if err != nil {
		d.t.Fatal(err)
	}
	var arns []string
	for _, certificate := range found.CertificateSummaryList {
		arns = append(arns, *certificate.CertificateArn)
	}
	slices.Sort(arns)
	return arns
}

// configure sets settings of the program, and removes those that are empty.
func (d *deployment) configure(settings map[string]string) {
	d.t.Helper()
	for key, value := range settings {
		if value == "" {
			d.Unset("mediaserver:" + key)
		} else {
			d.Set("mediaserver:" + key + "=" + value)
		}
	}
}

// service is the request that created the ECS service.
func (d *deployment) service() string {
	d.t.Helper()
	bodies := d.watch.bodies["CreateService"]
	if len(bodies) != 1 {
		d.t.Fatalf("the service was created %d times", len(bodies))
	}
	return bodies[0]
}

// checkValues reads everything back, and compares it with the guide and the settings of the domain.
func (d *deployment) checkValues(resources int, settings map[string]any) {
	d.t.Helper()
	stack := readback.Stack{
		Account: sandbox.Account, Region: sandbox.Region, Partition: "aws", Settings: settings,
		Tags:    map[string]string{"Project": "mediaserver", "Environment": "dev", "ManagedBy": "Pulumi"},
		Outputs: d.Outputs(), CreatedService: d.service(),
	}
	if managed := len(d.Managed()); managed != resources {
		d.t.Errorf("the state has %d managed resources, want %d", managed, resources)
	}
	if err := readback.Check(d.t.Context(), d.clients, stack); err != nil {
		d.t.Error(err)
	}
}

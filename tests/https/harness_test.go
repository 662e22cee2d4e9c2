// Package https tests HTTPS on a domain in the sandbox: turning it on and off on a running stack in every combination of
// its settings, and trouble with a zone, a record or a certificate.
package https

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/route53"

	"mediaserver/tests/internal/awsclients"
	"mediaserver/tests/internal/sandboxtest"
)

// The domain of the stack, and its zone.
const (
	domain   = "media.example.com"
	zoneName = "example.com"
)

// deployment is a running stack in an account that has a zone, watched while it changes.
type deployment struct {
	*sandboxtest.Deployment
	t       *testing.T
	clients *awsclients.Clients
	// zone is the id of the zone.
	zone    string
	watch   *watch
	printed *printed
}

// newDeployment brings up a stack without a domain.
func newDeployment(t *testing.T) *deployment {
	t.Helper()
	running, proxy := sandboxtest.NewBehindProxy(t, "../..")
	d := &deployment{
		Deployment: running, t: t, clients: running.Clients(), printed: &printed{announced: make(chan struct{})},
	}
	d.zone = sandboxtest.CreateZone(t, d.clients, zoneName)
	d.Up()
	d.watch = &watch{t: t, clients: d.clients, records: d.records, hold: noHold}
	proxy.Around(d.watch.around)
	return d
}

// configure gives the stack exactly these settings of the domain.
func (d *deployment) configure(settings map[string]any) {
	d.t.Helper()
	for _, key := range []string{"domainName", "hostedZoneId", "certificateArn"} {
		if value, has := settings[key]; has {
			d.Set(fmt.Sprintf("mediaserver:%s=%v", key, value))
		} else {
			d.Unset("mediaserver:" + key)
		}
	}
}

// records are the records of the zone, without those that every zone has: each as type, name and content.
func (d *deployment) records() []string {
	found, err := d.clients.Route53.ListResourceRecordSets(d.t.Context(), &route53.ListResourceRecordSetsInput{HostedZoneId: &d.zone})
	if err != nil {
		d.t.Error(err)
		return nil
	}
	var all []string
	for _, set := range found.ResourceRecordSets {
		name, says := strings.TrimSuffix(aws.ToString(set.Name), "."), "alias"
		for _, record := range set.ResourceRecords {
			says = aws.ToString(record.Value)
		}
		switch set.Type {
		case "NS", "SOA":
			continue
		case "CNAME":
			// The name that validates begins with a token.
			_, name, _ = strings.Cut(name, ".")
			says = "validation"
		}
		all = append(all, fmt.Sprintf("%s %s %s", set.Type, name, says))
	}
	slices.Sort(all)
	return all
}

package awsprovider

import (
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

var changeInBatch = regexp.MustCompile(`<Action>(\w+)</Action>|<Type>(\w+)</Type>`)

// recordZone answers as Route 53 does of a zone with one record, which has a type.
type recordZone struct {
	recordType string
	batches    []string
}

func (z *recordZone) ServeHTTP(writer http.ResponseWriter, request *http.Request) {
	switch {
	case request.Method == http.MethodPost:
		body, _ := io.ReadAll(request.Body)
		var batch []string
		for _, found := range changeInBatch.FindAllStringSubmatch(string(body), -1) {
			batch = append(batch, found[1]+found[2])
		}
		z.batches = append(z.batches, strings.Join(batch, " "))
		z.recordType = batch[len(batch)-1]
		_, _ = fmt.Fprint(writer, `<ChangeResourceRecordSetsResponse><ChangeInfo><Id>/change/C1</Id></ChangeInfo></ChangeResourceRecordSetsResponse>`)
	case strings.HasSuffix(request.URL.Path, "/rrset"):
		_, _ = fmt.Fprintf(writer, `<ListResourceRecordSetsResponse><ResourceRecordSets><ResourceRecordSet><Name>media.example.com.</Name><Type>%s</Type>
			<TTL>60</TTL></ResourceRecordSet></ResourceRecordSets></ListResourceRecordSetsResponse>`, z.recordType)
	case strings.Contains(request.URL.Path, "/change/"):
		_, _ = fmt.Fprint(writer, `<GetChangeResponse><ChangeInfo><Id>/change/C1</Id><Status>INSYNC</Status></ChangeInfo></GetChangeResponse>`)
	default:
		_, _ = fmt.Fprint(writer, `<GetHostedZoneResponse><HostedZone><Id>/hostedzone/Z1</Id><Name>example.com.</Name></HostedZone></GetHostedZoneResponse>`)
	}
}

func TestARecordOutsideOfItsZoneIsRefused(t *testing.T) {
	for name, refused := range map[string]bool{
		"media.example.com": false, "other": false, "mediaexample.com": true, "example.com": false,
	} {
		zone := &recordZone{recordType: "TXT"}
		client := emulated(t, zone)
		_, err := client.Create(t.Context(), &pulumirpc.CreateRequest{
			Urn: "urn:pulumi:dev::mediaserver::aws:route53/record:Record::media", Properties: marshal(t, map[string]any{
				"zoneId": "Z1", "name": name, "type": "A", "ttl": 60, "records": []any{"192.0.2.1"},
			}),
		})
		said := err != nil && strings.Contains(err.Error(), "is not permitted in zone example.com.")
		if said != refused || (len(zone.batches) == 0) != refused {
			t.Errorf("the creation of %s sends %q and ends with %v", name, zone.batches, err)
		}
	}
}

func TestARecordGivesWayToOneOfAnotherTypeInOneBatch(t *testing.T) {
	record := func(recordType, value string) map[string]any {
		return map[string]any{"zoneId": "Z1", "name": "media.example.com", "type": recordType, "ttl": 60, "records": []any{value}}
	}
	for _, test := range []struct {
		there   string
		batches []string
		refusal string
	}{
		{"A", []string{"DELETE A CREATE CNAME"}, ""},
		{"TXT", nil, "but it was not found"},
	} {
		zone := &recordZone{recordType: test.there}
		client := emulated(t, zone)
		old := record("A", "192.0.2.1")
		state := record("A", "192.0.2.1")
		state["fqdn"] = "media.example.com"
		_, err := client.Update(t.Context(), &pulumirpc.UpdateRequest{
			Urn: "urn:pulumi:dev::mediaserver::aws:route53/record:Record::media", Id: "Z1_media.example.com_A",
			OldInputs: marshal(t, old), Olds: marshal(t, state), News: marshal(t, record("CNAME", "other.example.net")),
		})
		refused := err != nil && test.refusal != "" && strings.Contains(err.Error(), test.refusal)
		if refused != (test.refusal != "") || !refused && err != nil || !slices.Equal(zone.batches, test.batches) {
			t.Errorf("with a record of the type %s there, the batches are %q and the update ends with %v", test.there, zone.batches, err)
		}
	}
}

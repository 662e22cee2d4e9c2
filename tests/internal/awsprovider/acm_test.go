package awsprovider

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
)

func TestACertificateWhoseValidationCameTooLateIsGone(t *testing.T) {
	const arn = "arn:aws:acm:eu-west-2:123456789012:certificate/1"
	for status, gone := range map[string]bool{"VALIDATION_TIMED_OUT": true, "PENDING_VALIDATION": false} {
		client := emulated(t, http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
			if strings.HasSuffix(request.Header.Get("X-Amz-Target"), "DescribeCertificate") {
				_, _ = fmt.Fprintf(writer, `{"Certificate": {"CertificateArn": %q, "DomainName": "media.example.com", "Type": "AMAZON_ISSUED", "Status": %q}}`, arn, status)
				return
			}
			_, _ = fmt.Fprint(writer, `{}`)
		}))
		inputs := marshal(t, map[string]any{"domainName": "media.example.com", "validationMethod": "DNS"})
		read, err := client.Read(t.Context(), &pulumirpc.ReadRequest{
			Urn: "urn:pulumi:dev::mediaserver::aws:acm/certificate:Certificate::media", Id: arn, Inputs: inputs, Properties: inputs,
		})
		if err != nil || (read.GetId() == "") != gone {
			t.Errorf("with the status %s the certificate is read as %q, %v", status, read.GetId(), err)
		}
	}
}

package awsprovider

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/protobuf/types/known/structpb"
)

// TestABucketOfTheAccountIsNotTakenOver is about the one region where S3 itself would not refuse.
func TestABucketOfTheAccountIsNotTakenOver(t *testing.T) {
	for _, exists := range []bool{true, false} {
		var calls []string
		emulator := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
			calls = append(calls, request.Method)
			if request.Method == http.MethodHead && !exists {
				writer.WriteHeader(http.StatusNotFound)
			}
			exists = exists || request.Method == http.MethodPut
			_, _ = writer.Write([]byte(`<Tagging><TagSet></TagSet></Tagging>`))
		}))
		client, err := attach(t, emulator.URL, map[string]any{"region": "us-east-1"})
		if err != nil {
			t.Fatal(err)
		}
		before := exists
		_, err = client.Create(t.Context(), &pulumirpc.CreateRequest{
			Urn: "urn:pulumi:dev::mediaserver::aws:s3/bucketV2:BucketV2::media", Properties: marshal(t, map[string]any{"bucket": "media"}),
		})
		refused := err != nil && strings.Contains(err.Error(), "creating S3 Bucket (media): BucketAlreadyExists")
		if refused != before || !refused && err != nil || slices.Contains(calls, http.MethodPut) == before {
			t.Errorf("with a bucket already there (%t) the creation calls %q and ends with %v", before, calls, err)
		}
		emulator.Close()
	}
}

const versioningURN = "urn:pulumi:dev::mediaserver::aws:s3/bucketVersioningV2:BucketVersioningV2::media"

func versioned(status string) map[string]any {
	return map[string]any{"bucket": "media", "versioningConfiguration": map[string]any{"status": status}}
}

func TestABucketWithoutVersioningIsReadAsDisabledAndLeftAlone(t *testing.T) {
	var written atomic.Int32
	client := emulated(t, http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		if request.Method != http.MethodGet {
			written.Add(1)
		}
		_, _ = writer.Write([]byte(`<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>`))
	}))
	enabled, disabled := marshal(t, versioned("Enabled")), marshal(t, versioned("Disabled"))
	read, err := client.Read(t.Context(), &pulumirpc.ReadRequest{Urn: versioningURN, Id: "media", Inputs: enabled, Properties: enabled})
	if err != nil {
		t.Fatal(err)
	}
	if got := read.Inputs.AsMap()["versioningConfiguration"]; read.Id != "media" || got.(map[string]any)["status"] != "Disabled" {
		t.Errorf("the versioning of %q is read as %v", read.Id, got)
	}
	for inputs, writes := range map[*structpb.Struct]int32{disabled: 0, enabled: 1} {
		written.Store(0)
		_, err := client.Delete(t.Context(), &pulumirpc.DeleteRequest{Urn: versioningURN, Id: "media", Properties: inputs, OldInputs: inputs})
		if err != nil || written.Load() != writes {
			t.Errorf("the deletion of %v writes %d times and ends with %v, want %d", inputs, written.Load(), err, writes)
		}
	}
}

package awsprovider

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
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

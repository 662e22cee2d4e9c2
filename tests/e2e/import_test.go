package e2e

import (
	"fmt"
	"strings"

	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/structpb"

	"mediaserver/tests/internal/sandbox"
)

// naming are the properties that say which thing a resource is. Every resource has one of them.
var naming = []string{"name", "bucket", "repository", "role", "clusterName", "family", "resourceId", "dashboardName", "loadBalancerArn"}

// checkReadByID reads every resource as an import does, or a refresh after an interrupted run: by its id alone.
func checkReadByID(d *deployment) {
	t := d.t
	connection, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", d.Providers["aws"]),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	provider := pulumirpc.NewResourceProviderClient(connection)
	region, err := structpb.NewStruct(map[string]any{"region": sandbox.Region})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.Configure(t.Context(), &pulumirpc.ConfigureRequest{Args: region, AcceptSecrets: true}); err != nil {
		t.Fatal(err)
	}

	read := 0
	for _, resource := range d.Managed() {
		if strings.HasPrefix(resource.Type, "random:") {
			continue
		}
		found, err := provider.Read(t.Context(), &pulumirpc.ReadRequest{Urn: resource.URN, Id: resource.ID})
		if err != nil {
			t.Errorf("%s %s: %v", resource.Type, resource.ID, err)
			continue
		}
		read++
		named := false
		for _, property := range naming {
			if value, ok := found.Inputs.GetFields()[property]; ok {
				named = true
				if got, want := value.GetStringValue(), resource.Inputs[property]; got != want {
					t.Errorf("%s %s: %s is read as %q, want %q", resource.Type, resource.ID, property, got, want)
				}
			}
		}
		if found.Id != resource.ID || !named {
			t.Errorf("%s %s is read as %q with the inputs %v", resource.Type, resource.ID, found.Id, found.Inputs)
		}
	}
	if read != 34 {
		t.Errorf("%d resources were read, want 34", read)
	}
}

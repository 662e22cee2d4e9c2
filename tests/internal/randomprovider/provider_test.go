package randomprovider

import (
	"fmt"
	"strings"
	"testing"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	pulumirpc "github.com/pulumi/pulumi/sdk/v3/proto/go"
	"golang.org/x/crypto/bcrypt"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

var options = plugin.MarshalOptions{KeepUnknowns: true, KeepSecrets: true}

func connect(t *testing.T) pulumirpc.ResourceProviderClient {
	t.Helper()
	server, err := Serve()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	connection, err := grpc.NewClient(fmt.Sprintf("127.0.0.1:%d", server.Port()),
		grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = connection.Close() })
	client := pulumirpc.NewResourceProviderClient(connection)
	if _, err := client.Configure(t.Context(), &pulumirpc.ConfigureRequest{AcceptSecrets: true}); err != nil {
		t.Fatal(err)
	}
	return client
}

func create(t *testing.T, client pulumirpc.ResourceProviderClient, kind string, inputs map[string]any) (string, resource.PropertyMap) {
	t.Helper()
	marshalled, err := plugin.MarshalProperties(resource.NewPropertyMapFromMap(inputs), options)
	if err != nil {
		t.Fatal(err)
	}
	urn := "urn:pulumi:dev::mediaserver::random:index/random" + kind + ":Random" + kind + "::it"
	checked, err := client.Check(t.Context(), &pulumirpc.CheckRequest{Urn: urn, News: marshalled})
	if err != nil || len(checked.Failures) > 0 {
		t.Fatalf("check %v: %v, %v", inputs, checked.GetFailures(), err)
	}
	created, err := client.Create(t.Context(), &pulumirpc.CreateRequest{Urn: urn, Properties: marshalled})
	if err != nil {
		t.Fatal(err)
	}
	state, err := plugin.UnmarshalProperties(created.Properties, options)
	if err != nil {
		t.Fatal(err)
	}
	return created.Id, state
}

func occurrences(text, characters string) int {
	found := 0
	for _, character := range text {
		if strings.ContainsRune(characters, character) {
			found++
		}
	}
	return found
}

const (
	lower   = "abcdefghijklmnopqrstuvwxyz"
	upper   = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	digits  = "0123456789"
	special = "!@#$%&*()-_=+[]{}<>:?"
)

func TestAStringHasTheLengthAndOnlyTheCharactersAskedFor(t *testing.T) {
	client := connect(t)
	for _, test := range []struct {
		inputs  map[string]any
		allowed string
	}{
		{map[string]any{"length": 8, "special": false, "upper": false}, lower + digits},
		{map[string]any{"length": 200}, lower + upper + digits + special},
		{map[string]any{"length": 50, "lower": false, "upper": false, "numeric": false}, special},
		{map[string]any{"length": 50, "lower": false, "upper": false, "numeric": false, "overrideSpecial": "~"}, "~"},
	} {
		id, state := create(t, client, "String", test.inputs)
		result := state["result"].StringValue()
		if len(result) != test.inputs["length"] || occurrences(result, test.allowed) != len(result) || id != result {
			t.Errorf("%v gives %q with the id %q", test.inputs, result, id)
		}
	}
	first, _ := create(t, client, "String", map[string]any{"length": 32})
	if second, _ := create(t, client, "String", map[string]any{"length": 32}); first == second {
		t.Error("two strings are the same")
	}
}

func TestAPasswordIsSecretAndNotInItsID(t *testing.T) {
	id, state := create(t, connect(t), "Password", map[string]any{"length": 32})
	if !state["result"].IsSecret() || !state["bcryptHash"].IsSecret() {
		t.Fatal("the password or its hash is in plain text")
	}
	result := state["result"].SecretValue().Element.StringValue()
	if len(result) != 32 || strings.Contains(id, result) {
		t.Errorf("the password has %d characters and the id %q", len(result), id)
	}
	if err := bcrypt.CompareHashAndPassword([]byte(state["bcryptHash"].SecretValue().Element.StringValue()), []byte(result)); err != nil {
		t.Error(err)
	}
}

package awsprovider

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
	"gopkg.in/yaml.v3"

	"mediaserver/tests/internal/inventory"
)

// nowhere is an address of this machine where nothing listens.
const nowhere = "http://127.0.0.1:1"

var london = map[string]any{"region": "eu-west-2"}

// configured is the provider in front of an endpoint, as one connection sees it.
func configured(t *testing.T, endpoint string, settings map[string]any) (plugin.Provider, error) {
	t.Helper()
	served, err := newPackage(Options{Endpoint: endpoint})
	if err != nil {
		t.Fatal(err)
	}
	connection := served.Provider()
	_, err = connection.Configure(t.Context(), plugin.ConfigureRequest{Inputs: resource.NewPropertyMapFromMap(settings)})
	return connection, err
}

// emulated is a configured provider in front of an emulator that answers as the handler does.
func emulated(t *testing.T, settings map[string]any, handler http.HandlerFunc) plugin.Provider {
	t.Helper()
	emulator := httptest.NewServer(handler)
	t.Cleanup(emulator.Close)
	connection, err := configured(t, emulator.URL, settings)
	if err != nil {
		t.Fatal(err)
	}
	return connection
}

func urn(token string) resource.URN {
	return resource.URN("urn:pulumi:dev::mediaserver::" + token + "::it")
}

// accepted has inputs of each type that pass its check.
func accepted(t *testing.T) map[string]map[string]any {
	t.Helper()
	var read struct {
		Types map[string]struct{ Inputs map[string]any }
	}
	if err := yaml.Unmarshal(text, &read); err != nil {
		t.Fatal(err)
	}
	inputs := map[string]map[string]any{}
	for token, each := range read.Types {
		inputs[token] = each.Inputs
	}
	return inputs
}

// refusals are what the check of inputs refuses, each with its path.
func refusals(t *testing.T, connection plugin.Provider, token string, inputs map[string]any) []string {
	t.Helper()
	checked, err := connection.Check(t.Context(), plugin.CheckRequest{URN: urn(token), News: resource.NewPropertyMapFromMap(inputs)})
	if err != nil {
		t.Fatal(err)
	}
	var refused []string
	for _, failure := range checked.Failures {
		refused = append(refused, string(failure.Property)+": "+failure.Reason)
	}
	return refused
}

func TestOnlyEndpointsOnThisMachineAreAccepted(t *testing.T) {
	for _, endpoint := range []string{
		"https://s3.eu-west-2.amazonaws.com", "http://10.0.0.1:5000", "http://127.0.0.1.example.com", "http://localhost.example.com:5000",
		"http://[2001:db8::1]:5000", "", "127.0.0.1:5000", "ftp://127.0.0.1",
	} {
		if checkLoopback(endpoint) == nil {
			t.Errorf("the endpoint %q is accepted", endpoint)
		}
	}
	for _, endpoint := range []string{"http://127.0.0.1:5000", "http://localhost:5000", "http://[::1]:5000", "https://127.3.2.1"} {
		if err := checkLoopback(endpoint); err != nil {
			t.Errorf("the endpoint %q is refused: %v", endpoint, err)
		}
	}
}

func TestNoConnectionLeavesThisMachineWhateverTheEnvironmentOrTheEndpointSay(t *testing.T) {
	var reached []string
	emulator := httptest.NewServer(http.HandlerFunc(func(writer http.ResponseWriter, request *http.Request) {
		reached = append(reached, request.Header.Get("Authorization"))
		// A redirection leads elsewhere, as a name could that passes a check of names.
		http.Redirect(writer, request, "http://192.0.2.1/", http.StatusTemporaryRedirect)
	}))
	defer emulator.Close()
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": "http://192.0.2.1", "AWS_ENDPOINT_URL_S3": "http://192.0.2.1", "HTTP_PROXY": "http://192.0.2.1",
		"AWS_ACCESS_KEY_ID": "AKIAREALREALREALREAL", "AWS_SECRET_ACCESS_KEY": "real", "AWS_PROFILE": "real",
	} {
		t.Setenv(name, value)
	}
	_, err := connect(newClient(), emulator.URL, "eu-west-2").S3.ListBuckets(t.Context(), &s3.ListBucketsInput{})
	if err == nil || !strings.Contains(err.Error(), "refuse to connect to 192.0.2.1:80") {
		t.Errorf("after a redirection the error is %v", err)
	}
	if len(reached) != attempts {
		t.Errorf("the call was tried %d times, want %d", len(reached), attempts)
	}
	for _, authorization := range reached {
		if !strings.Contains(authorization, "Credential=test/") {
			t.Errorf("the emulator got a request with %q, want the dummy key", authorization)
		}
	}
}

func TestSettingsOfTheOfficialPluginForAnEmulatorAreAcceptedAndOthersRefused(t *testing.T) {
	for _, test := range []struct {
		settings map[string]any
		reason   string
	}{
		{map[string]any{
			"region": "eu-west-2", "version": Version, "accessKey": "test", "secretKey": "test", "s3UsePathStyle": "true",
			"skipCredentialsValidation": "true", "skipMetadataApiCheck": "true", "skipRegionValidation": true,
			"skipRequestingAccountId": "false", "endpoints": `[{"s3": "` + nowhere + `", "ecs": "` + nowhere + `/"}]`,
			"defaultTags": `{"tags": {"Project": "mediaserver"}}`,
		}, "<nil>"},
		{map[string]any{}, `region "": it must be the name of an AWS region`},
		{map[string]any{"region": "london"}, `region "london": it must be`},
		{map[string]any{"region": "eu-west-2", "profile": "real"}, `unknown or unsupported property "profile"`},
		{map[string]any{"region": "eu-west-2", "defaultTags": `{"tag": {}}`}, `unknown or unsupported property "defaultTags.tag"`},
		{map[string]any{"region": "eu-west-2", "defaultTags": `{`}, `property "defaultTags" must be of type`},
		{map[string]any{"region": "eu-west-2", "endpoints": `[{"s3": "https://s3.amazonaws.com"}]`}, `of s3: it must be http://127.0.0.1:1, which`},
	} {
		if _, err := configured(t, nowhere, test.settings); !strings.Contains(fmt.Sprint(err), test.reason) {
			t.Errorf("%v: the error is %v, want %s", test.settings, err, test.reason)
		}
	}
}

func TestAnotherRegionReplacesEveryResource(t *testing.T) {
	connection, err := configured(t, nowhere, london)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		settings map[string]any
		replaces string
	}{
		{map[string]any{"region": "us-east-1"}, "[region]"},
		{map[string]any{"region": "eu-west-2", "defaultTags": `{"tags": {"a": "b"}}`}, "[]"},
	} {
		diff, err := connection.DiffConfig(t.Context(), plugin.DiffConfigRequest{
			OldInputs: resource.NewPropertyMapFromMap(london), NewInputs: resource.NewPropertyMapFromMap(test.settings),
		})
		if err != nil || diff.Changes != plugin.DiffSome || fmt.Sprint(diff.ReplaceKeys) != test.replaces {
			t.Errorf("%v is the difference %+v, %v", test.settings, diff, err)
		}
	}
}

// TestEveryTypeOfTheInventoryHasAStandIn is also about previews: they call nothing, for nobody listens, and show as
// unknown what only AWS knows.
func TestEveryTypeOfTheInventoryHasAStandIn(t *testing.T) {
	connection, err := configured(t, nowhere, london)
	if err != nil {
		t.Fatal(err)
	}
	good := accepted(t)
	for _, each := range inventory.Types() {
		_, err := connection.Check(t.Context(), plugin.CheckRequest{URN: urn(each.Type)})
		if strings.HasPrefix(each.Type, "aws:") && err != nil {
			t.Errorf("%s has no stand-in: %v", each.Type, err)
		}
	}
	for token, inputs := range good {
		unknown := map[string]any{}
		for property := range inputs {
			unknown[property] = resource.MakeComputed(resource.NewProperty(""))
		}
		for _, accepted := range []map[string]any{inputs, unknown} {
			if refused := refusals(t, connection, token, accepted); len(refused) > 0 {
				t.Errorf("%s: good inputs are refused: %v", token, refused)
			}
		}
		preview, err := connection.Create(t.Context(), plugin.CreateRequest{
			URN: urn(token), Properties: resource.NewPropertyMapFromMap(inputs), Preview: true,
		})
		arn, has := preview.Properties["arn"]
		if err != nil || has && inputs["arn"] == nil && !arn.IsComputed() {
			t.Errorf("%s: the preview ends with %v and knows the ARN %v", token, err, arn)
		}
	}
}

// tagsInRequest finds tags in a request to any service: in the JSON protocol and in the query protocols.
var tagsInRequest = regexp.MustCompile(`(?i)"tags"|\btags[.=]|\bTagSpecification\.`)

// TestACreationWithoutTagsNamesNone is about services that refuse an empty list, as EC2 does.
func TestACreationWithoutTagsNamesNone(t *testing.T) {
	named := false
	refusing := func(writer http.ResponseWriter, request *http.Request) {
		said, _ := io.ReadAll(request.Body)
		named = named || tagsInRequest.Match(said)
		writer.WriteHeader(http.StatusBadRequest)
	}
	untagged := emulated(t, london, refusing)
	tagged := emulated(t, map[string]any{"region": "eu-west-2", "defaultTags": `{"tags": {"Project": "mediaserver"}}`}, refusing)
	withTags := 0
	for token, inputs := range accepted(t) {
		create := plugin.CreateRequest{URN: urn(token), Properties: resource.NewPropertyMapFromMap(inputs)}
		named = false
		if _, err := untagged.Create(t.Context(), create); err == nil || named {
			t.Errorf("%s: the creation without tags names some, and ends with %v", token, err)
		}
		if _, err := tagged.Create(t.Context(), create); err != nil && named {
			withTags++
		}
	}
	if withTags < 10 {
		t.Errorf("%d types name the tags that they have, want at least 10", withTags)
	}
}

// bad are values such that each rule refuses at least one of them.
var bad = []any{
	nil, "", "nothing of the kind \x00", strings.Repeat("a", 5000), "::", "sg-1", "--x-s3", "/aws/a", "internal-a", "{",
	-1, 1.5e9, true, []any{}, slices.Repeat([]any{"a"}, 1001), slices.Repeat([]any{map[string]any{}}, 1001), map[string]any{},
}

// TestEveryRuleIsObeyed breaks each rule by itself: the path that it names must exist, and a value there be refused.
func TestEveryRuleIsObeyed(t *testing.T) {
	connection, err := configured(t, nowhere, london)
	if err != nil {
		t.Fatal(err)
	}
	served, err := newPackage(Options{Endpoint: nowhere})
	if err != nil {
		t.Fatal(err)
	}
	good, checked := accepted(t), 0
	for token, rules := range served.Rules {
		if good[token] == nil {
			t.Errorf("types.yaml has rules and no inputs of %s", token)
		}
		for _, rule := range rules {
			checked++
			obeyed := false
			for i := 0; i < len(bad) && !obeyed; i++ {
				inputs := changed(good[token], rule.Property, func(in map[string]any, key string) {
					maps.Copy(in, rule.When)
					in[key] = bad[i]
				}, bad[i]).(map[string]any)
				refused := strings.Join(refusals(t, connection, token, inputs), "\n")
				obeyed = strings.Contains(refused, ": must "+rule.String()+" ("+rule.Source+")")
				if strings.Contains(refused, "unsupported property") {
					t.Fatalf("%s has no property %s: %s", token, rule.Property, refused)
				}
			}
			if !obeyed {
				t.Errorf("%s: nothing is refused at %s because it must %s", token, rule.Property, rule)
			}
		}
	}
	if checked < 250 {
		t.Errorf("%d rules were found, want all of them", checked)
	}
}

// changed is a copy of a value in which the object at the end of a path, as rules name them, is changed. Where the path
// ends with a list, its first element is replaced. What the path leads through is made where it is not there.
func changed(value any, path string, change func(in map[string]any, key string), by any) any {
	if path == "" {
		return by
	}
	document, isDocument := value.(string)
	if isDocument {
		_ = json.Unmarshal([]byte(document), &value)
	}
	if rest, isList := strings.CutPrefix(path, "[]"); isList {
		list, _ := value.([]any)
		if len(list) == 0 {
			list = []any{nil}
		}
		list = slices.Clone(list)
		list[0] = changed(list[0], strings.TrimPrefix(rest, "."), change, by)
		value = list
	} else {
		end := strings.IndexAny(path+".", ".[")
		object, _ := value.(map[string]any)
		if object = maps.Clone(object); object == nil {
			object = map[string]any{}
		}
		if rest := strings.TrimPrefix(path[end:], "."); rest == "" {
			change(object, path)
		} else {
			object[path[:end]] = changed(object[path[:end]], rest, change, by)
		}
		value = object
	}
	if isDocument {
		written, _ := json.Marshal(value)
		return string(written)
	}
	return value
}

// TestWhatRulesCannotSayIsRefused has properties that do not fit, and what is code.
func TestWhatRulesCannotSayIsRefused(t *testing.T) {
	connection, err := configured(t, nowhere, london)
	if err != nil {
		t.Fatal(err)
	}
	metric := map[string]any{"id": "a", "metric": map[string]any{"metricName": "CPUUtilization", "stat": "Sum", "period": 60}}
	math := func(expression string, watched bool) []any {
		return []any{metric, map[string]any{"id": "b", "expression": expression, "returnData": watched}}
	}
	const (
		bucket = "aws:s3/bucketV2:BucketV2"
		expiry = "aws:s3/bucketLifecycleConfigurationV2:BucketLifecycleConfigurationV2"
		alarm  = "aws:cloudwatch/metricAlarm:MetricAlarm"
	)
	for _, test := range []struct {
		token, property string
		value           any
		refused         string
	}{
		{bucket, "colour", "red", `colour: unknown or unsupported property "colour"; supported here: bucket, forceDestroy, tags`},
		{bucket, "bucket", nil, `bucket: required property "bucket" is missing`},
		{bucket, "forceDestroy", "yes", `forceDestroy: property "forceDestroy" must be of type bool, but is a string`},
		{expiry, "rules", []any{map[string]any{"id": "a"}}, `required property "rules[0].status" is missing`},
		{"aws:ssm/parameter:Parameter", "value", strings.Repeat("x", 4097), "has the value [secret]: must have a length of 1 to 4096"},
		{"aws:ecs/taskDefinition:TaskDefinition", "containerDefinitions", `[{"name": "app", "image": "a", "picture": "a"}]`, `unknown field "picture"`},
		{alarm, "metricQueries", math("FILL(a, 0) + IF(a > 1 AND a < 2, MAX([a]), 0)", true), ""},
		{alarm, "metricQueries", math("a + c", true), "c is none"},
		{alarm, "metricQueries", math("a + b", true), "b is none"},
		{alarm, "metricQueries", math("SEARCH(a)", true), "SEARCH is none"},
		{alarm, "metricQueries", math("a", false), "must return the data of exactly one"},
	} {
		inputs := maps.Clone(accepted(t)[test.token])
		inputs[test.property] = test.value
		refused := strings.Join(refusals(t, connection, test.token, inputs), "\n")
		if !strings.Contains(refused, test.refused) || test.refused == "" && refused != "" {
			t.Errorf("%s: %s = %v is refused with %q, want %s", test.token, test.property, test.value, refused, test.refused)
		}
	}
}

// TestAListenerWhoseAttributesFailedGetsThemByTheNextUpdate is about what the program does not state, so that no change
// of it leads there.
func TestAListenerWhoseAttributesFailedGetsThemByTheNextUpdate(t *testing.T) {
	const token, arn = "aws:lb/listener:Listener", "arn:aws:elasticloadbalancing:eu-west-2:123456789012:listener/app/media/1/2"
	var calls []string
	connection := emulated(t, london, func(writer http.ResponseWriter, request *http.Request) {
		action := request.FormValue("Action")
		if strings.HasPrefix(action, "Modify") {
			calls = append(calls, action+" "+request.FormValue("Attributes.member.1.Key")+"="+request.FormValue("Attributes.member.1.Value"))
		}
		if len(calls) == 1 {
			writer.WriteHeader(http.StatusBadRequest)
		}
		_, _ = fmt.Fprintf(writer, "<%[1]sResponse><%[1]sResult><Listeners><member><ListenerArn>%[2]s</ListenerArn></member></Listeners>"+
			"<TagDescriptions><member></member></TagDescriptions></%[1]sResult></%[1]sResponse>", action, arn)
	})
	inputs := resource.NewPropertyMapFromMap(accepted(t)[token])
	if _, err := connection.Create(t.Context(), plugin.CreateRequest{URN: urn(token), Properties: inputs}); err == nil {
		t.Error("the creation succeeds")
	}
	_, err := connection.Update(t.Context(), plugin.UpdateRequest{
		URN: urn(token), ID: arn, OldInputs: inputs, OldOutputs: inputs, NewInputs: inputs,
	})
	want := slices.Repeat([]string{"ModifyListenerAttributes routing.http.response.server.enabled=false"}, 2)
	if err != nil || !slices.Equal(calls, want) {
		t.Errorf("the calls are %q, and the update ends with %v, want %q", calls, err, want)
	}
}

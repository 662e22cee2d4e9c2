package adopt

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"gopkg.in/yaml.v3"

	"mediaserver/tools/adopt/tfstate"
)

//go:embed testdata/guide.yaml
var guideText []byte

//go:embed testdata/cases.yaml
var casesText []byte

// deployed is a deployment by address and attribute.
type deployed map[string]map[string]any

func guide(t *testing.T) deployed {
	t.Helper()
	var d deployed
	if err := yaml.Unmarshal(guideText, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// set changes attributes: see testdata/cases.yaml.
func (d deployed) set(address string, attributes map[string]any) {
	if d[address] == nil {
		d[address] = map[string]any{}
	}
	for _, path := range slices.Sorted(maps.Keys(attributes)) {
		put(d[address], strings.Split(strings.TrimRight(path, "+"), "."), attributes[path], strings.HasSuffix(path, "+"))
	}
}

// put sets the value at a path, or adds it to the list there.
func put(block map[string]any, path []string, value any, adds bool) {
	if list, isList := block[path[0]].([]any); isList && len(path) > 1 {
		put(list[0].(map[string]any), path[1:], value, adds)
		return
	}
	if inner, isBlock := block[path[0]].(map[string]any); isBlock && len(path) > 1 {
		put(inner, path[1:], value, adds)
		return
	}
	if adds {
		list, _ := block[path[0]].([]any)
		value = append(list, value)
	}
	block[strings.Join(path, ".")] = value
}

// state is the deployment as Terraform has it.
func (d deployed) state(t *testing.T) tfstate.State {
	t.Helper()
	type object = map[string]any
	var resources []object
	for _, address := range slices.Sorted(maps.Keys(d)) {
		module, rest, isInModule := strings.Cut(address, "/")
		if !isInModule {
			module, rest = "", address
		}
		kind, name, _ := strings.Cut(rest, ".")
		resources = append(resources, object{"mode": "managed", "module": module, "type": kind, "name": name, "instances": []object{{"attributes": encoded(t, d[address])}}})
	}
	text, err := json.Marshal(object{"version": 4, "resources": resources})
	if err != nil {
		t.Fatal(err)
	}
	state, err := tfstate.Read(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return state
}

// encoded returns the attributes, with those that Terraform keeps as JSON text encoded.
func encoded(t *testing.T, attributes map[string]any) map[string]any {
	t.Helper()
	all := maps.Clone(attributes)
	for _, name := range []string{"policy", "value", "container_definitions"} {
		if _, isText := all[name].(string); !isText && all[name] != nil {
			text, err := json.Marshal(all[name])
			if err != nil {
				t.Fatal(err)
			}
			all[name] = string(text)
		}
	}
	if blocks, isList := all["inline_policy"].([]any); isList && len(blocks) == 1 {
		all["inline_policy"] = []any{encoded(t, blocks[0].(map[string]any))}
	}
	return all
}

// project is the program's.
func project(t *testing.T) Project {
	t.Helper()
	read, err := ReadProject("../..")
	if err != nil {
		t.Fatal(err)
	}
	return read
}

// adopt adopts the deployment.
func (d deployed) adopt(t *testing.T) *Adoption {
	t.Helper()
	adopted, err := Read(d.state(t), Options{Project: project(t)})
	if err != nil {
		t.Fatal(err)
	}
	return adopted
}

func TestWhatBecomesOfADeployment(t *testing.T) {
	var cases []struct {
		Set           deployed
		Without       []string
		Accept, Map   []string
		Name          string
		Refuses       string
		Fixed         bool
		Tells, Silent []string
		Settings      map[string]any
		Adopts        map[string]string
	}
	decoder := yaml.NewDecoder(bytes.NewReader(casesText))
	decoder.KnownFields(true)
	if err := decoder.Decode(&cases); err != nil {
		t.Fatal(err)
	}
	for at, test := range cases {
		t.Run(fmt.Sprintf("%d %.60s", at, test.Refuses), func(t *testing.T) {
			d := guide(t)
			for _, address := range test.Without {
				delete(d, address)
			}
			for address, attributes := range test.Set {
				d.set(address, attributes)
			}
			options := Options{Project: project(t), Accepted: test.Accept, Name: test.Name}
			for _, text := range test.Map {
				mapping, err := ParseMapping(text)
				if err != nil {
					t.Fatal(err)
				}
				options.Mappings = append(options.Mappings, mapping)
			}
			if test.Refuses != "" {
				_, err := Read(d.state(t), options)
				if err == nil || !strings.Contains(err.Error(), test.Refuses) || strings.Contains(err.Error(), "hush") {
					t.Fatalf("%v\nwant %s", err, test.Refuses)
				}
				_, option, isOffered := strings.Cut(err.Error(), "(--accept ")
				if isOffered == test.Fixed || strings.Count(err.Error(), test.Refuses) != 1 {
					t.Fatalf("that it can be accepted is %t, want %t: %v", isOffered, !test.Fixed, err)
				}
				if test.Fixed {
					return
				}
				options.Accepted = append(options.Accepted, strings.Trim(strings.TrimSuffix(option, ")"), "'"))
			}
			adopted, err := Read(d.state(t), options)
			if err != nil {
				t.Fatal(err)
			}
			report := adopted.Report()
			if strings.Contains(report, "hush") || strings.Contains(report, " (accepted)\n") != (options.Accepted != nil) {
				t.Errorf("it tells a secret, or not what was accepted:\n%s", report)
			}
			for _, want := range test.Tells {
				if !strings.Contains(report, "\n  "+want) {
					t.Errorf("it does not tell %q:\n%s", want, report)
				}
			}
			for _, other := range test.Silent {
				if _, changes, _ := strings.Cut(report, "The first update changes in place:"); strings.Contains(changes, other) {
					t.Errorf("it tells %q:\n%s", other, report)
				}
			}
			for key, want := range test.Settings {
				at := slices.IndexFunc(adopted.Settings, func(each Setting) bool { return each.Key == key })
				if at < 0 && want != nil || at >= 0 && fmt.Sprint(adopted.Settings[at].Value) != fmt.Sprint(want) {
					t.Errorf("%s is not %v in %v", key, want, adopted.Settings)
				}
			}
			for address, want := range test.Adopts {
				if theirs, _ := adopted.find(address); theirs.Address != want {
					t.Errorf("%s is %q, want %q", address, theirs.Address, want)
				}
			}
		})
	}
}

func TestOneOfSeveralModulesIsChosen(t *testing.T) {
	both := deployed{}
	for address, attributes := range guide(t) {
		both["module.blue/"+address], both[`module.green["it's"]/`+address] = attributes, attributes
	}
	for module, want := range map[string]string{
		"":                     `the state has the resources of the stack in several modules; choose one with --module module.blue or --module 'module.green["it'\''s"]'`,
		"module.gree":          "--module module.gree: the state has no address in it; `terraform state list` names all",
		"module.green":         "",
		`module.green["it's"]`: "",
	} {
		adopted, err := Read(both.state(t), Options{Project: project(t), Module: module})
		if err == nil && (want != "" || len(adopted.Matches) != 36 || len(adopted.Unknown) != 36) || err != nil && (want == "" || !strings.HasPrefix(err.Error(), want)) {
			t.Errorf("%s: %v, want %q", module, err, want)
		}
	}
}

func TestAResourceThatTerraformReplacesIsNotAdopted(t *testing.T) {
	state := guide(t).state(t)
	at := slices.IndexFunc(state.Managed, func(each tfstate.Resource) bool { return each.Address == loadBalancer })
	leftOver := state.Managed[at]
	leftOver.Replacing = true
	replaced, unfinished := slices.Clone(state.Managed), append(slices.Clone(state.Managed), leftOver)
	replaced[at] = leftOver
	for _, resources := range [][]tfstate.Resource{replaced, unfinished} {
		_, err := Read(tfstate.State{Managed: resources}, Options{Project: project(t)})
		want := "aws_lb.mediaserver: Terraform is about to replace it; finish that with `terraform apply`, or cancel it with `terraform untaint`"
		if err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
}

func TestAStateOfAnotherApplicationIsToldWithWhatMightHelp(t *testing.T) {
	_, err := Read(deployed{"aws_s3_bucket.uploads": {}}.state(t), Options{Project: project(t)})
	if err == nil || !strings.HasPrefix(err.Error(), "none of its 1 resources belongs to this stack; the first is aws_s3_bucket.uploads. Is this the state of the media server?\n") ||
		!strings.Contains(err.Error(), "say which one it is with --map aws_s3_bucket.uploads=media-storage") {
		t.Errorf("%v", err)
	}
}

func TestTheTableIsConsistent(t *testing.T) {
	known := project(t).Settings
	seen := map[string]bool{}
	for _, each := range stack {
		plain := comparison{rules: rules(each, false)}
		secure := comparison{rules: rules(each, true)}
		for _, path := range slices.Concat(each.Fixed, slices.Collect(maps.Keys(each.Why)), each.Closed) {
			if plain.rules[path].verb < states && secure.rules[path].verb < states && !plain.hasBelow(path) && !secure.hasBelow(path) {
				t.Errorf("%s: nothing states %s", each.Address, path)
			}
		}
		for path, setting := range each.Takes {
			if known[setting].Type == "" {
				t.Errorf("%s: %s is taken over by %s, which is no setting", each.Address, path, setting)
			}
		}
		if seen[each.Key()] || seen[each.Address] {
			t.Errorf("%s stands there twice", each.Address)
		}
		seen[each.Key()], seen[each.Address] = true, true
	}
	if len(stack) != 38 {
		t.Errorf("the table has %d resources, want the 36 of the guide and two for HTTPS", len(stack))
	}
	for _, setting := range guide(t).adopt(t).Settings {
		if known[setting.Key].Type == "" {
			t.Errorf("%s is no setting", setting.Key)
		}
	}
}

// What the program refuses would be found out only after the import.
func TestVariablesAreThoseThatTheProgramTakes(t *testing.T) {
	text, err := os.ReadFile("../../config_application.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{variablePattern.String(), fmt.Sprintf("credentialVariables = %#v", credentialVariables)} {
		if !strings.Contains(string(text), want) {
			t.Errorf("config_application.go does not have %s", want)
		}
	}
}

package provider

import (
	"context"
	"encoding/json"
	"maps"
	"reflect"
	"slices"

	"github.com/pulumi/pulumi/sdk/v3/go/common/resource"
	"github.com/pulumi/pulumi/sdk/v3/go/common/resource/plugin"
)

// Document is a property that holds JSON. Another spelling of the same is no difference.
type Document string

func (k *Kind[C, M]) read(ctx context.Context, s scope[C], req plugin.ReadRequest) (plugin.ReadResponse, error) {
	recorded := maps.Clone(req.Inputs)
	if recorded == nil {
		recorded = resource.PropertyMap{}
	}
	if tags, hasTags := req.State[tagsAllKey]; k.tagged() && hasTags {
		recorded[tagsKey] = tags
	}
	known, m := new(M), new(M)
	if err := decode(recorded, known).err(); err != nil && len(req.Inputs) > 0 {
		return plugin.ReadResponse{}, s.failed("read", err)
	}
	decode(recorded, m)
	k.addOutputs(m, req.State)
	importing := len(req.Inputs) == 0 && len(req.State) == 0
	id, err := k.find(ctx, s, string(req.ID), m, importing)
	if err != nil {
		if s.missing(err) {
			return plugin.ReadResponse{Status: resource.StatusOK}, nil
		}
		return plugin.ReadResponse{}, s.failed("read", err)
	}
	computed := encode(m, isOutput)
	k.observe(reflect.ValueOf(known).Elem(), reflect.ValueOf(m).Elem(), importing)

	before, after := encode(known, isInput), encode(m, isInput)
	inputs := resource.PropertyMap{}
	maps.Copy(inputs, req.Inputs)
	observed := resource.NewProperty(resource.PropertyMap{})
	if value, ok := after[tagsKey]; ok {
		observed = value
	}
	all := maps.Clone(before)
	maps.Copy(all, after)
	for key := range all {
		value, present := after[key]
		switch {
		case before[key].DeepEquals(value):
		case key == tagsKey && k.tagged():
			own := ownTags(observed, req.Inputs[tagsKey], s.defaultTags)
			if _, had := inputs[tagsKey]; had || len(own) > 0 {
				inputs[tagsKey] = resource.NewProperty(own)
			}
		case !present:
			delete(inputs, key)
		case req.Inputs[key].ContainsSecrets() || slices.Contains(k.Secret, string(key)):
			inputs[key] = resource.MakeSecret(value)
		default:
			inputs[key] = value
		}
	}
	result := plugin.ReadResult{ID: resource.ID(id), Inputs: inputs, Outputs: k.state(inputs, computed, observed)}
	return plugin.ReadResponse{ReadResult: result, Status: resource.StatusOK}, nil
}

// find reads the resource and returns its own id.
func (k *Kind[C, M]) find(ctx context.Context, s scope[C], id string, m *M, importing bool) (string, error) {
	if importing && k.Import != nil {
		var err error
		if id, err = k.Import(ctx, s.client, id, m); err != nil {
			return "", err
		}
	}
	for _, f := range k.fields() {
		if f.name == k.ID {
			reflect.ValueOf(m).Elem().FieldByIndex(f.index).SetString(id)
		}
	}
	return id, k.Read(ctx, s.client, id, m)
}

// observe decides which of the inputs that the cloud reports count. What means the same keeps its spelling. An
// optional input that the program does not state is left to the cloud, unless the resource is being imported. An
// official provider imports nothing that is empty.
func (k *Kind[C, M]) observe(known, observed reflect.Value, importing bool) {
	for _, f := range fieldsOf(known.Type()) {
		had, has := known.FieldByIndex(f.index), observed.FieldByIndex(f.index)
		pointer := had.Kind() == reflect.Pointer
		switch {
		case !isInput(f):
		case alike(had, has):
			has.Set(had)
		case !importing && !f.watched && (pointer || slices.Contains(k.Computed, f.name)) && had.IsZero():
			has.SetZero()
		case pointer && !has.IsNil() && had.Type().Elem().Kind() == reflect.Struct:
			stated := reflect.New(had.Type().Elem()).Elem()
			if !had.IsNil() {
				stated = had.Elem()
			}
			k.observe(stated, has.Elem(), importing)
		}
	}
}

// alike says whether two values mean the same to the cloud: nothing is as good as zero, lists of texts are sets, and
// documents are compared by what they say.
func alike(a, b reflect.Value) bool {
	for a.Kind() == reflect.Pointer && !a.IsNil() {
		a = a.Elem()
	}
	for b.Kind() == reflect.Pointer && !b.IsNil() {
		b = b.Elem()
	}
	if blank(a) || blank(b) {
		return blank(a) && blank(b)
	}
	switch a.Kind() {
	case reflect.Struct:
		for i := range a.NumField() {
			if !alike(a.Field(i), b.Field(i)) {
				return false
			}
		}
		return true
	case reflect.Slice:
		if texts, ok := a.Interface().([]string); ok {
			return slices.Equal(slices.Sorted(slices.Values(texts)), slices.Sorted(slices.Values(b.Interface().([]string))))
		}
		for i := range min(a.Len(), b.Len()) {
			if !alike(a.Index(i), b.Index(i)) {
				return false
			}
		}
		return a.Len() == b.Len()
	case reflect.String:
		return a.String() == b.String() || a.Type() == reflect.TypeFor[Document]() && sameJSON(a.String(), b.String())
	default:
		return reflect.DeepEqual(a.Interface(), b.Interface())
	}
}

// blank says whether a value says nothing.
func blank(value reflect.Value) bool {
	switch value.Kind() {
	case reflect.Pointer:
		return value.IsNil() || blank(value.Elem())
	case reflect.Slice, reflect.Map:
		return value.Len() == 0
	case reflect.Struct:
		for i := range value.NumField() {
			if !blank(value.Field(i)) {
				return false
			}
		}
		return true
	default:
		return value.IsZero()
	}
}

func sameJSON(a, b string) bool {
	var had, has any
	return json.Unmarshal([]byte(a), &had) == nil && json.Unmarshal([]byte(b), &has) == nil && reflect.DeepEqual(had, has)
}

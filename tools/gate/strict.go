package gate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// strictJSON reads a text that is exactly one JSON value, in which no object has a key twice: readers disagree about
// which of two counts. Objects become map[string]any, lists []any, and numbers stay as they are written.
func strictJSON(text []byte) (any, error) {
	if !json.Valid(text) {
		return nil, errors.New("it is empty, no JSON, cut short, or more than one document")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return strictValue(decoder)
}

// strictValue reads the next value.
func strictValue(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil || token != json.Delim('{') && token != json.Delim('[') {
		return token, err
	}
	list, fields := []any{}, object{}
	for decoder.More() {
		var key string
		if token == json.Delim('{') {
			name, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			key = name.(string)
			if _, twice := fields[key]; twice {
				return nil, fmt.Errorf("it has the key %q twice in one object", key)
			}
		}
		value, err := strictValue(decoder)
		if err != nil {
			return nil, err
		}
		list, fields[key] = append(list, value), value
	}
	if _, err := decoder.Token(); err != nil || token == json.Delim('[') {
		return list, err
	}
	return fields, nil
}

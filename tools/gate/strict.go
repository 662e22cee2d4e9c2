package gate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// strictJSON reads a text that is exactly one JSON value, in which no object has a key twice: readers disagree about
// which of two counts. Objects become map[string]any, lists []any, and numbers stay as they are written.
func strictJSON(text []byte) (any, error) {
	if !json.Valid(text) {
		return nil, errors.New("it is no JSON, is cut short, or is more than one document")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return strictValue(decoder)
}

func strictValue(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		return strictObject(decoder)
	case json.Delim('['):
		list := []any{}
		for decoder.More() {
			element, err := strictValue(decoder)
			if err != nil {
				return nil, err
			}
			list = append(list, element)
		}
		_, err := decoder.Token()
		return list, err
	}
	return token, nil
}

func strictObject(decoder *json.Decoder) (any, error) {
	object := map[string]any{}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return nil, err
		}
		key, isText := token.(string)
		if !isText {
			return nil, io.ErrUnexpectedEOF
		}
		if _, twice := object[key]; twice {
			return nil, fmt.Errorf("it has the key %q twice in one object", key)
		}
		if object[key], err = strictValue(decoder); err != nil {
			return nil, err
		}
	}
	_, err := decoder.Token()
	return object, err
}

package clients

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	identitystoredocument "github.com/aws/aws-sdk-go-v2/service/identitystore/document"
	identitystoretypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssoadmindocument "github.com/aws/aws-sdk-go-v2/service/ssoadmin/document"
	ssoadmintypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
)

// The structures of the Go SDK have no JSON form: unions are interfaces with a type for each member, and documents are interfaces as well.
// fill and read turn members of the service model into them and back.

// goUnions are the members of unions, which reflection alone does not find.
var goUnions = goTypes(
	ssoadmintypes.AuthenticationMethodMemberIam{}, ssoadmintypes.GrantMemberAuthorizationCode{}, ssoadmintypes.GrantMemberJwtBearer{},
	ssoadmintypes.GrantMemberRefreshToken{}, ssoadmintypes.GrantMemberTokenExchange{},
	ssoadmintypes.TrustedTokenIssuerConfigurationMemberOidcJwtConfiguration{},
	ssoadmintypes.TrustedTokenIssuerUpdateConfigurationMemberOidcJwtConfiguration{},
	identitystoretypes.AlternateIdentifierMemberExternalId{}, identitystoretypes.AlternateIdentifierMemberUniqueAttribute{},
	identitystoretypes.MemberIdMemberUserId{},
)

// goTypes lists types by their names.
func goTypes(values ...any) map[string]reflect.Type {
	types := map[string]reflect.Type{}
	for _, value := range values {
		types[reflect.TypeOf(value).Name()] = reflect.TypeOf(value)
	}
	return types
}

var (
	ssoadminDocument      = reflect.TypeFor[ssoadmindocument.Interface]()
	identitystoreDocument = reflect.TypeFor[identitystoredocument.Interface]()
)

// fill sets a value of the SDK from what JSON says.
func fill(t testing.TB, target reflect.Value, from any) {
	t.Helper()
	switch from := from.(type) {
	case nil:
		return
	case map[string]any:
		switch {
		case target.Kind() == reflect.Struct:
			for name, value := range from {
				fill(t, fieldOf(t, target, name), value)
			}
			return
		case target.Kind() == reflect.Map:
			target.Set(reflect.MakeMap(target.Type()))
			for name, value := range from {
				element := reflect.New(target.Type().Elem()).Elem()
				fill(t, element, value)
				target.SetMapIndex(reflect.ValueOf(name), element)
			}
			return
		}
	case []any:
		if target.Kind() == reflect.Slice {
			target.Set(reflect.MakeSlice(target.Type(), len(from), len(from)))
			for i, value := range from {
				fill(t, target.Index(i), value)
			}
			return
		}
	}
	switch {
	case target.Kind() == reflect.Pointer:
		target.Set(reflect.New(target.Type().Elem()))
		fill(t, target.Elem(), from)
	case target.Type() == ssoadminDocument:
		target.Set(reflect.ValueOf(ssoadmindocument.NewLazyDocument(from)))
	case target.Type() == identitystoreDocument:
		target.Set(reflect.ValueOf(identitystoredocument.NewLazyDocument(from)))
	case target.Kind() == reflect.Interface:
		fillUnion(t, target, from.(map[string]any))
	case target.Type() == reflect.TypeFor[time.Time]():
		target.Set(reflect.ValueOf(time.UnixMilli(int64(from.(float64) * 1000))))
	case target.CanInt():
		target.SetInt(int64(from.(float64)))
	default:
		target.Set(reflect.ValueOf(from).Convert(target.Type()))
	}
}

// convert passes a value through JSON.
func convert(t testing.TB, from, to any) {
	t.Helper()
	text, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(text, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func jsonOf(t testing.TB, value any) string {
	t.Helper()
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// fieldOf finds the field of a member, whose name may begin with another case.
func fieldOf(t testing.TB, structure reflect.Value, member string) reflect.Value {
	t.Helper()
	field := structure.FieldByNameFunc(func(name string) bool { return strings.EqualFold(name, member) })
	if !field.IsValid() {
		t.Fatalf("%v has no member %s", structure.Type(), member)
	}
	return field
}

func fillUnion(t testing.TB, target reflect.Value, from map[string]any) {
	t.Helper()
	for name, value := range from {
		member, known := goUnions[target.Type().Name()+"Member"+name]
		if !known {
			t.Fatalf("%v has no member %s", target.Type(), name)
		}
		union := reflect.New(member)
		fill(t, union.Elem().FieldByName("Value"), value)
		target.Set(union)
	}
}

// read turns a value of the SDK into what JSON would say, without what is not set. Names begin in lower case where the service's do.
func read(t testing.TB, from reflect.Value, lowerCamel bool) any {
	t.Helper()
	if from.Kind() == reflect.Interface || from.Kind() == reflect.Pointer {
		if from.IsNil() {
			return nil
		}
		if document, is := from.Interface().(interface{ MarshalSmithyDocument() ([]byte, error) }); is {
			return readDocument(t, document)
		}
		if name, is := unionMember(from); is {
			return map[string]any{name: read(t, from.Elem().Elem().FieldByName("Value"), lowerCamel)}
		}
		return read(t, from.Elem(), lowerCamel)
	}
	switch value := from.Interface().(type) {
	case time.Time:
		return float64(value.UnixMilli()) / 1000
	case string, bool, float64:
		return value
	}
	switch {
	case from.CanInt():
		return float64(from.Int())
	case from.Kind() == reflect.String: // a set of values
		return from.String()
	case from.Kind() == reflect.Slice && !from.IsNil():
		list := make([]any, from.Len())
		for i := range list {
			list[i] = read(t, from.Index(i), lowerCamel)
		}
		return list
	case from.Kind() == reflect.Map && !from.IsNil():
		object := map[string]any{}
		for name, value := range from.Seq2() {
			object[name.String()] = read(t, value, lowerCamel)
		}
		return object
	case from.Kind() == reflect.Struct:
		return readFields(t, from, lowerCamel)
	}
	return nil
}

func readFields(t testing.TB, structure reflect.Value, lowerCamel bool) map[string]any {
	t.Helper()
	object := map[string]any{}
	for i := range structure.NumField() {
		field := structure.Type().Field(i)
		if !field.IsExported() || field.Name == "ResultMetadata" {
			continue
		}
		value := read(t, structure.Field(i), lowerCamel)
		if value == nil || value == "" && field.Type.Kind() == reflect.String { // an empty set of values is none
			continue
		}
		name := field.Name
		if lowerCamel {
			name = strings.ToLower(name[:1]) + name[1:]
		}
		object[name] = value
	}
	return object
}

// unionMember names the member that is set in a union.
func unionMember(from reflect.Value) (string, bool) {
	if from.Kind() != reflect.Interface || from.Elem().Kind() != reflect.Pointer {
		return "", false
	}
	return strings.CutPrefix(from.Elem().Elem().Type().Name(), from.Type().Name()+"Member")
}

func readDocument(t testing.TB, document interface{ MarshalSmithyDocument() ([]byte, error) }) any {
	t.Helper()
	text, err := document.MarshalSmithyDocument()
	if err != nil {
		t.Fatal(err)
	}
	var value any
	if err := json.Unmarshal(text, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// What goes into the structures of the SDK comes out of them.
func TestMembersComeBackFromTheGoSDK(t *testing.T) {
	for _, row := range []struct {
		input   any
		members members
	}{
		{ssoadmin.PutApplicationGrantInput{}, members{"Grant": members{"TokenExchange": members{}}}},
		{ssoadmin.PutApplicationAuthenticationMethodInput{}, members{"AuthenticationMethod": members{"Iam": members{"ActorPolicy": members{"a": 1}}}}},
		{ssoadmin.UpdateTrustedTokenIssuerInput{}, members{"TrustedTokenIssuerConfiguration": members{"OidcJwtConfiguration": members{"ClaimAttributePath": "sub"}}}},
		{identitystore.GetUserIdInput{}, members{"AlternateIdentifier": members{"UniqueAttribute": members{"AttributePath": "userName", "AttributeValue": "a"}}}},
		{identitystore.CreateGroupMembershipInput{}, members{"MemberId": members{"UserId": "u"}}},
	} {
		var want any
		convert(t, row.members, &want)
		input := reflect.New(reflect.TypeOf(row.input)).Elem()
		fill(t, input, want)
		if got := read(t, input, false); !reflect.DeepEqual(got, want) {
			t.Errorf("%T came back as %v, want %v", row.input, got, want)
		}
	}
}

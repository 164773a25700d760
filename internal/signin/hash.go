package signin

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/crypto/argon2"
)

// cost is what one Argon2id hash takes (RFC 9106 §3.1).
type cost struct {
	memory uint32 // KiB
	passes uint32
	lanes  uint8
}

// passwordCost is what an attacker with the database pays for each guess, and we for each sign-in: 19 MiB and 26 ms.
var passwordCost = cost{memory: 19 * 1024, passes: 2, lanes: 1}

// costLimit bounds the parameters of a stored hash, so that a damaged row cannot take the machine down.
var costLimit = cost{memory: 256 * 1024, passes: 16, lanes: 8}

const (
	saltSize = 16 // RFC 9106 §4
	keySize  = 32
	// maxHashPart bounds salt and key of a stored hash.
	maxHashPart = 64
)

// hashed is a password at rest.
type hashed struct {
	cost cost
	salt []byte
	key  []byte
}

func newHash(c cost, password string) hashed {
	salt := make([]byte, saltSize)
	rand.Read(salt)
	h := hashed{cost: c, salt: salt, key: make([]byte, keySize)}
	h.key = h.derive(password)
	return h
}

// unmatchable is a hash of no password: its key is random.
func unmatchable(c cost) hashed {
	h := hashed{cost: c, salt: make([]byte, saltSize), key: make([]byte, keySize)}
	rand.Read(h.salt)
	rand.Read(h.key)
	return h
}

func (h hashed) derive(password string) []byte {
	return argon2.IDKey([]byte(password), h.salt, h.cost.passes, h.cost.memory, h.cost.lanes, uint32(len(h.key)))
}

func (h hashed) matches(password string) bool {
	return subtle.ConstantTimeCompare(h.derive(password), h.key) == 1
}

// phcEncoding is base64 as the PHC string format writes it: without padding, and one text for one value.
var phcEncoding = base64.RawStdEncoding.Strict()

// phc writes the hash as a PHC string.
func (h hashed) phc() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, h.cost.memory, h.cost.passes, h.cost.lanes,
		phcEncoding.EncodeToString(h.salt), phcEncoding.EncodeToString(h.key))
}

var errHash = errors.New("signin: not an argon2id PHC string within bounds")

// parsePHC reads what phc writes, and nothing else.
func parsePHC(text string) (hashed, error) {
	parts := strings.Split(text, "$")
	if len(parts) != 6 {
		return hashed{}, errHash
	}
	c, err := parseCost(parts[3])
	if err != nil {
		return hashed{}, err
	}
	salt, saltErr := phcEncoding.DecodeString(parts[4])
	key, keyErr := phcEncoding.DecodeString(parts[5])
	if saltErr != nil || keyErr != nil || len(salt) < saltSize || len(salt) > maxHashPart || len(key) < keySize || len(key) > maxHashPart {
		return hashed{}, errHash
	}
	h := hashed{cost: c, salt: salt, key: key}
	if h.phc() != text { // another version, order or spelling
		return hashed{}, errHash
	}
	return h, nil
}

func parseCost(text string) (cost, error) {
	var numbers [3]uint32
	limits := [3]uint32{costLimit.memory, costLimit.passes, uint32(costLimit.lanes)}
	parameters := strings.Split(text, ",")
	if len(parameters) != len(numbers) {
		return cost{}, errHash
	}
	for i, name := range []string{"m=", "t=", "p="} {
		digits, found := strings.CutPrefix(parameters[i], name)
		number, err := strconv.ParseUint(digits, 10, 32)
		if !found || err != nil || number == 0 || uint32(number) > limits[i] {
			return cost{}, errHash
		}
		numbers[i] = uint32(number)
	}
	return cost{memory: numbers[0], passes: numbers[1], lanes: uint8(numbers[2])}, nil
}

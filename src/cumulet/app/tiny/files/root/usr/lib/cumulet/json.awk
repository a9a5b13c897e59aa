# Prints each scalar of a JSON text as "path<TAB>value": {"a": {"b": [1, "x"]}} gives a.b.0 and a.b.1.
# Control characters within strings become spaces; characters written as \u1234 become question marks.

{ text = text $0 "\n" }

END { value("") }

function next_token(    token) {
    if (!match(text, /^[ \t\r\n]*("([^"\\]|\\.)*"|[][{}:,]|[^][{}:," \t\r\n]+)/)) return ""
    token = substr(text, 1, RLENGTH)
    text = substr(text, RLENGTH + 1)
    sub(/^[ \t\r\n]+/, "", token)
    return token
}

function plain(token) {
    if (substr(token, 1, 1) != "\"") return token
    token = substr(token, 2, length(token) - 2)
    gsub(/\\[ntrbf]/, " ", token)
    gsub(/\\u[0-9a-fA-F][0-9a-fA-F][0-9a-fA-F][0-9a-fA-F]/, "?", token)
    gsub(/\\"/, "\"", token)
    gsub(/\\\//, "/", token)
    gsub(/\\\\/, "\\", token)
    return token
}

function under(path, name) { return path == "" ? name : path "." name }

function value(path) { of_token(path, next_token()) }

function of_token(path, token,    name, count) {
    if (token == "{") {
        for (token = next_token(); token != "}" && token != ""; token = next_token()) {
            if (token == ",") continue
            name = plain(token)
            next_token()
            value(under(path, name))
        }
    } else if (token == "[") {
        count = 0
        for (token = next_token(); token != "]" && token != ""; token = next_token()) {
            if (token == ",") continue
            of_token(under(path, count++), token)
        }
    } else if (token != "") {
        print path "\t" plain(token)
    }
}

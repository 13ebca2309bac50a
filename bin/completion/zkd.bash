# Completion of zkd for bash 3.2 and newer. Load it with: source <(zkd completion bash)
# zkd itself says what may stand at the cursor; nothing it or an engine says is ever evaluated.
_zkd() {
  local rest=${COMP_LINE:0:COMP_POINT} stripped word tail prefix kind value index
  local words=()
  # readline takes words apart at "=" and ":"; what stands together in the line is one word.
  for ((index = 0; index <= COMP_CWORD; index++)); do
    stripped=${rest#"${rest%%[![:space:]]*}"}
    word=${COMP_WORDS[index]}
    # Of the word at the cursor, what stands before the cursor.
    if ((index == COMP_CWORD)); then word=$stripped; fi
    if ((index > 0)) && [[ $rest == "$stripped" ]]; then
      words[${#words[@]} - 1]+=$word
    else
      words+=("$word")
    fi
    rest=${stripped#"$word"}
  done
  # readline replaces the part behind the last "=" or ":" only.
  tail=$word
  if [[ $tail =~ ^[=:]+$ ]]; then tail=''; fi
  prefix=${words[${#words[@]} - 1]%"$tail"}
  COMPREPLY=()
  {
    IFS= read -r kind
    while IFS= read -r value; do
      value=${value%%$'\t'*}
      COMPREPLY+=("${value#"$prefix"}")
    done
  } < <(command zkd completion candidates -- "${words[@]:1}" 2>/dev/null </dev/null)
  case $kind in files) kind=-f ;; folders) kind=-d ;; *) return 0 ;; esac
  compopt -o filenames 2>/dev/null
  while IFS= read -r value; do COMPREPLY+=("$value"); done < <(compgen "$kind" -- "$tail")
}
complete -F _zkd zkd

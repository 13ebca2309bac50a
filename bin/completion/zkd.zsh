#compdef zkd
# Completion of zkd for zsh. Load it with: source <(zkd completion zsh), or save it as _zkd in a folder of $fpath.
# zkd itself says what may stand at the cursor; nothing it or an engine says is ever evaluated.
_zkd() {
  local -a lines candidates
  local line
  # Without a word before the cursor the slice is no word at all. Of the word at the cursor, what stands before the cursor.
  lines=("${(@f)$(command zkd completion candidates -- "${(@Q)words[2,CURRENT-1]}" "${(Q)PREFIX}" 2>/dev/null </dev/null)}")
  case $lines[1] in
    files | folders)
      if [[ $PREFIX == --*=* ]]; then compset -P '*='; fi
      if [[ $lines[1] == folders ]]; then _files -/; else _files; fi
      ;;
    words)
      for line in "${(@)lines[2,-1]}"; do candidates+=("${${line%%$'\t'*}//:/\\:}:${line#*$'\t'}"); done
      _describe -t zkd 'zkd' candidates
      ;;
  esac
}
if [[ $funcstack[1] == _zkd ]]; then
  _zkd "$@"
elif (( $+functions[compdef] )); then
  compdef _zkd zkd
else
  print -u2 'zkd: load its completion after compinit: autoload -U compinit && compinit'
fi

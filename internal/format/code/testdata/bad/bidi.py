x = 1 # ‮⁦ hidden ⁩
import os
